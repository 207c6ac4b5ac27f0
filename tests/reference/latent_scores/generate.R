# Factor scores of fitted models, with the matrices that they come from.
# Rscript tests/reference/latent_scores/generate.R OUT   -> OUT/NAME.json for each data set
told <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
source(file.path(dirname(told), "..", "lavaan_figures.R"))
library(numDeriv)

whole <- function(m) unname(unclass(as.matrix(m)))
matrices <- function(f, g = 1) {
  e <- lavInspect(f, "est", drop.list.single.group = FALSE)[[g]]
  phi <- whole(lavInspect(f, "cov.lv", drop.list.single.group = FALSE)[[g]])
  m <- list(loadings = whole(e$lambda), phi = phi, theta = whole(e$theta),
            nu = if (is.null(e$nu)) colMeans(lavInspect(f, "data"), na.rm = TRUE) else as.numeric(e$nu),
            factor_means = if (is.null(e$alpha)) rep(0, ncol(phi))
              else as.numeric(lavInspect(f, "mean.lv", drop.list.single.group = FALSE)[[g]]))
  m$nu <- unname(m$nu)
  if (!is.null(e$tau)) {
    m$thresholds <- as.numeric(e$tau)
    m$item_of_threshold <- match(sub("\\|.*", "", rownames(e$tau)), rownames(e$lambda)) - 1
  }
  m
}
chosen <- function(f, rows, g = 1) whole(lavInspect(f, "data", drop.list.single.group = FALSE)[[g]][rows, ])

# lavPredict hands back all groups, and one row of errors where nothing is missing.
linear <- function(f, rows, g = 1) {
  found <- list(answers = chosen(f, rows, g), matrices = matrices(f, g))
  for (method in c("regression", "Bartlett")) {
    s <- lavPredict(f, method = method, se = "standard")
    one <- if (is.list(s)) s[[g]] else s
    se <- attr(s, "se")[[g]]
    if (nrow(se) == 1) se <- se[rep(1, nrow(one)), , drop = FALSE]
    found[[tolower(method)]] <- list(scores = whole(one[rows, , drop = FALSE]),
                                     std_error = whole(se[rows, , drop = FALSE]))
  }
  found
}

# The posterior of ordinal items, written out; its mode and curvature by numDeriv.
posterior <- function(m, y) {
  inverse <- solve(m$phi)
  function(eta) {
    centre <- m$nu + m$loadings %*% eta
    total <- -0.5 * sum((eta - m$factor_means) * (inverse %*% (eta - m$factor_means)))
    for (i in which(!is.na(y))) {
      cuts <- c(-Inf, m$thresholds[m$item_of_threshold == i - 1], Inf)
      z <- (cuts[y[i] + 0:1] - centre[i]) / sqrt(m$theta[i, i])
      total <- total + log(if (sum(z) > 0) pnorm(-z[1]) - pnorm(-z[2]) else pnorm(z[2]) - pnorm(z[1]))
    }
    total
  }
}
modes <- function(m, answers) {
  found <- apply(answers, 1, function(y) {
    f <- posterior(m, y)
    at <- optim(m$factor_means, f, method = "BFGS", control = list(fnscale = -1, reltol = 1e-12))$par
    for (step in 1:4) at <- at - solve(hessian(f, at), grad(f, at))
    c(at, sqrt(diag(solve(-hessian(f, at)))))
  })
  k <- length(m$factor_means)
  list(scores = t(found[1:k, , drop = FALSE]), std_error = t(found[k + 1:k, , drop = FALSE]))
}
ordinal <- function(f, rows, g = 1, lavaan = TRUE) {
  m <- matrices(f, g)
  answers <- chosen(f, rows, g)
  found <- list(answers = answers, matrices = m, modes = modes(m, answers))
  if (lavaan) found$ebm <- whole(lavPredict(f, optim.method = "nlminb")[rows, , drop = FALSE])
  found
}

three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
h <- get_data("holzinger")
figures <- list(holzinger = list(
  three = linear(fit(three, h), 1:25),
  school = linear(fit(three, h, group = "group", group.equal = c("loadings", "intercepts")), 1:25, 2),
  correlated = linear(fit(paste0(three, "\nx9 ~~ x2"), h), 1:25),
  higher = linear(fit(paste0(three, "\ng =~ visual + textual + speed"), h), 1:25)))

b <- get_data("bfi")
of <- function(trait, k = 1:5) paste(trait, "=~", paste0(trait, k, collapse = " + "))
gaps <- function(names) { missing <- rowSums(is.na(b[, names])); which(missing > 0 & missing < length(names)) }
worst <- function(names, n) { at <- gaps(names); at[order(-rowSums(is.na(b[at, names])))][1:n] }
names_ace <- c(paste0("A", 1:5), paste0("C", 1:5), paste0("E", 1:5))
a <- paste0("A", 1:5)
extreme <- c(which(rowSums(b[, a] == 6) == 5)[1], which(rowSums(b[, a]) <= 8)[1:2])
figures$bfi <- list(
  fiml = linear(fit(paste(of("A"), of("C"), of("E"), sep = "\n"), b, missing = "fiml"),
                c(1:10, worst(names_ace, 25))),
  ordinal = ordinal(fit(of("A"), b, ordered = a, missing = "pairwise"), c(1:20, worst(a, 10), extreme)),
  two = ordinal(fit(paste(of("A", 1:4), of("C", 1:4), sep = "\n"), b, ordered = c(a[1:4], paste0("C", 1:4)),
                    missing = "pairwise"), c(1:15, worst(c(a[1:4], paste0("C", 1:4)), 10))))
strong <- measEq.syntax(of("A", 2:5), data = b, ordered = a[2:5], parameterization = "theta", ID.fac = "std.lv",
  ID.cat = "Wu.Estabrook.2016", group = "group", group.equal = c("thresholds", "loadings", "intercepts"),
  group.partial = "A3 ~ 1")
theta <- cfa(as.character(strong), data = b, ordered = a[2:5], group = "group", parameterization = "theta")
figures$bfi$theta <- ordinal(theta, 1:20, 2, lavaan = FALSE)

s <- get_data("science")
one <- paste("f =~", paste(names(s), collapse = " + "))
figures$science <- list(delta = ordinal(fit(one, s, ordered = names(s)), 1:25),
  theta = ordinal(fit(one, s, ordered = names(s), parameterization = "theta"), 1:25, lavaan = FALSE))
finish(figures)
