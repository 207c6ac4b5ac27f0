# Score tests of what a step of invariance holds equal, and a search by hand.
# Rscript tests/reference/partial_invariance/generate.R OUT   -> OUT/holzinger.json, OUT/bfi.json
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

# Free parameters of one operator whose left or right side is as named, group by group.
places <- function(f, op, lhs = NULL, rhs = NULL) {
  p <- parTable(f); p <- p[p$free > 0 & p$op == op, ]
  if (!is.null(lhs)) p <- p[p$lhs == lhs, ]
  if (!is.null(rhs)) p <- p[p$rhs == rhs, ]
  p$free[order(p$group)]
}
# What a parameter's equality over groups costs: lavTestScore, all groups released at once.
released <- function(f, which) {
  p <- parTable(f); plabel <- p$plabel[match(which, p$free)]; equal <- p[p$op == "==", ]
  rows <- which(equal$lhs %in% plabel & equal$rhs %in% plabel)
  unlist(lavTestScore(f, release = rows)$test[c("X2", "df")])
}
# The generalized test from persons' scores (mean s, products B, information A), or from the
# thresholds and correlations; K are the directions in which the model's parameters move.
generalized <- function(slope, A, B, K, which, n) {
  D <- diag(length(slope))[, which[-1], drop = FALSE]
  P <- D - K %*% solve(t(K) %*% A %*% K, t(K) %*% A %*% D)
  u <- t(P) %*% slope
  c(X2 = n * drop(t(u) %*% solve(t(P) %*% B %*% P, u)), df = length(which) - 1)
}
of_persons <- function(f) {
  s <- lavScores(f, ignore.constraints = TRUE, remove.duplicated = FALSE); n <- nrow(s)
  list(slope = colMeans(s), A = lavTech(f, "information.expected"), B = crossprod(s) / n, n = n)
}
# F = sum of n_g - 1 over n times the weighted squares, as chi2 / n.
of_correlations <- function(f) {
  n <- lavInspect(f, "nobs"); N <- sum(n); q <- max(parTable(f)$free)
  slope <- rep(0, q); A <- B <- matrix(0, q, q)
  for (g in seq_along(n)) {
    D <- unclass(lavTech(f, "delta")[[g]]); W <- diag(diag(lavTech(f, "WLS.V")[[g]]))
    G <- lavTech(f, "gamma")[[g]]; e <- lavTech(f, "wls.obs")[[g]] - lavTech(f, "wls.est")[[g]]
    h <- (n[g] - 1) / N
    slope <- slope + h * t(D) %*% W %*% e
    A <- A + h * t(D) %*% W %*% D
    B <- B + h^2 * N / n[g] * t(D) %*% W %*% G %*% W %*% D
  }
  list(slope = drop(slope), A = A, B = B, n = N)
}
tests <- function(f, sets, parts = NULL) {
  K <- f@Model@eq.constraints.K
  found <- sapply(sets, function(which) if (is.null(parts)) released(f, which)
    else generalized(parts$slope, parts$A, parts$B, K, which, parts$n))
  list(parameter = names(sets), chisq = unname(found[1, ]), df = unname(found[2, ]))
}
loadings <- function(f) {
  p <- parTable(f); p <- p[p$op == "=~" & p$group == 1, ]
  setNames(Map(function(l, r) places(f, "=~", l, r), p$lhs, p$rhs), paste(p$lhs, "=~", p$rhs))
}
intercepts <- function(f, items) setNames(lapply(items, function(i) places(f, "~1", i)), paste(items, "~1"))

# ---- Holzinger and Swineford by school
M <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
X <- get_data("holzinger"); x <- paste0("x", 1:9)
step <- function(equal, partial = "", ...) fit(M, X, group = "group", group.equal = equal, group.partial = partial, ...)
metric <- step("loadings"); scalar <- step(c("loadings", "intercepts"))
metric_r <- step("loadings", estimator = "MLR"); scalar_r <- step(c("loadings", "intercepts"), estimator = "MLR")
# The largest score test of an intercept is freed, whatever its factor, until the difference test
# is not significant.
rounds <- list(); partial <- character(0); left <- x
repeat {
  f <- step(c("loadings", "intercepts"), partial)
  d <- difference(metric, f); t <- tests(f, intercepts(f, left))
  best <- which.max(t$chisq)
  rounds[[length(rounds) + 1]] <- list(chisq = d$chisq, df = d$df, p = d$p, cfi = fit_of(f)$cfi - fit_of(metric)$cfi,
    parameter = t$parameter[best], score = t$chisq[best], adjusted = min(p.adjust(1 - pchisq(t$chisq, t$df), "holm")))
  if (d$p >= .05) break
  partial <- c(partial, t$parameter[best]); left <- setdiff(left, sub(" ~1", "", t$parameter[best]))
}
holzinger <- list(
  score_ml = list(metric = tests(metric, loadings(metric)), scalar = tests(scalar, intercepts(scalar, x))),
  score_mlr = list(metric = tests(metric_r, loadings(metric_r), of_persons(metric_r)),
                   scalar = tests(scalar_r, intercepts(scalar_r, x), of_persons(scalar_r))),
  search = rounds)

# ---- bfi, agreeableness: three groups, continuous; and in categories by gender
bfi <- get_data("bfi"); a <- paste0("A", 1:5); bfi <- na.omit(bfi[, c("group", a)])
whole <- get_data("bfi"); odd <- seq_len(nrow(whole)) %% 2 == 1
three <- whole; three$group <- ifelse(whole$group == "male", "male", ifelse(odd, "female odd", "female even"))
three <- na.omit(three[, c("group", a)])
A <- "agree =~ A1 + A2 + A3 + A4 + A5"
equal <- c("loadings", "intercepts")
one <- fit(A, three, group = "group", group.equal = equal)
robust <- fit(A, three, group = "group", group.equal = equal, estimator = "MLR")
ordinal <- function(equal, estimator) {
  s <- measEq.syntax(A, data = bfi, ordered = a, parameterization = "theta", ID.fac = "std.lv",
    ID.cat = "Wu.Estabrook.2016", group = "group", group.equal = equal)
  fit(as.character(s), bfi, ordered = a, group = "group", std.lv = FALSE, parameterization = "theta", estimator = estimator)
}
thresholds <- function(f) { key <- expand.grid(t = paste0("t", 1:5), i = a)
  setNames(Map(function(i, t) places(f, "|", i, t), as.character(key$i), as.character(key$t)), paste(key$i, "|", key$t)) }
of_steps <- function(estimator, robust) {
  t <- ordinal("thresholds", estimator); m <- ordinal(c("thresholds", "loadings"), estimator)
  list(thresholds = tests(t, thresholds(t), if (robust) of_correlations(t)),
       metric = tests(m, loadings(m), if (robust) of_correlations(m)))
}
finish(list(holzinger = holzinger, bfi = list(
  three_ml = list(scalar = tests(one, intercepts(one, a))),
  three_mlr = list(scalar = tests(robust, intercepts(robust, a), of_persons(robust))),
  score_dwls = of_steps("DWLS", FALSE), score_wlsmv = of_steps("WLSMV", TRUE),
  score_ulsmv = of_steps("ULSMV", TRUE))))
