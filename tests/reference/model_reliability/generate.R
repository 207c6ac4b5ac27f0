# Reliability, average variance extracted and HTMT of fitted models, with the matrices they come from.
# Rscript tests/reference/model_reliability/generate.R OUT   -> OUT/NAME.json for each data set
told <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
source(file.path(dirname(told), "..", "lavaan_figures.R"))

whole <- function(m) unname(unclass(as.matrix(m)))
block <- function(f, what, g) lavInspect(f, what, drop.list.single.group = FALSE)[[g]]
matrices <- function(f, g = 1) {
  e <- block(f, "est", g)
  m <- list(loadings = whole(e$lambda), phi = whole(block(f, "cov.lv", g)),
            observed = whole(block(f, "sampstat", g)$cov), implied = whole(block(f, "fitted", g)$cov))
  if (!is.null(e$beta)) m$beta <- whole(e$beta)
  if (!is.null(e$tau)) {
    item <- match(sub("\\|.*", "", rownames(e$tau)), rownames(e$lambda))
    m$scale <- as.numeric(e$delta)
    m$cuts <- ((as.numeric(e$tau) - whole(block(f, "mu", g))[item]) * m$scale[item])
    m$item_of_threshold <- item - 1
  }
  m
}
row <- function(x, g = 1) if (is.data.frame(x)) unname(unlist(x[g, -1])) else unname(unclass(x))
measures <- function(f, g = 1, ...) list(matrices = matrices(f, g), omega = row(compRelSEM(f, ...), g),
  omega_implied = row(compRelSEM(f, obs.var = FALSE, ...), g), ave = row(AVE(f), g))
latent <- function(f) row(compRelSEM(f, ord.scale = FALSE))
both <- function(model, data, ...) list(
  geometric = whole(htmt(model, data, ...)), arithmetic = whole(htmt(model, data, htmt2 = FALSE, ...)))
of <- function(trait, k = 1:5) paste(trait, "=~", paste0(trait, k, collapse = " + "))

# Green and Yang's equation 21 with thresholds that know of intercepts and factor means.
green_yang <- function(m) {
  lambda <- m$loadings[, 1] * sqrt(m$phi[1, 1]) * m$scale
  cell <- function(a, b, r) if (abs(r) > 1 - 1e-12) pnorm(min(a, b)) else
    mvtnorm::pmvnorm(upper = c(a, b), corr = matrix(c(1, r, r, 1), 2), algorithm = mvtnorm::TVPACK(1e-12))
  summed <- function(r) {
    total <- 0
    for (i in seq_along(m$cuts)) for (j in seq_along(m$cuts)) {
      a <- m$item_of_threshold[i] + 1; b <- m$item_of_threshold[j] + 1
      total <- total + cell(m$cuts[i], m$cuts[j], r[a, b]) - pnorm(m$cuts[i]) * pnorm(m$cuts[j])
    }
    as.numeric(total)
  }
  summed(lambda %o% lambda) / summed(m$observed)
}

three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
h <- get_data("holzinger")
schools <- fit(three, h, group = "group")
figures <- list(holzinger = list(
  three = measures(fit(three, h)),
  crossed = measures(fit(paste0(three, "\nvisual =~ x9\nx4 ~~ x5"), h)),
  higher = measures(fit(paste0(three, "\ng =~ visual + textual + speed"), h), higher = "g"),
  bifactor = measures(fit(paste0("g =~ ", paste0("x", 1:9, collapse = " + "),
    "\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"), h, orthogonal = TRUE)),
  school = measures(schools, 2),
  htmt = both(three, h[, -1])))

b <- get_data("bfi")
traits <- c("A", "C", "E", "N", "O")
five <- paste(sapply(traits, of), collapse = "\n")
names <- setdiff(colnames(b), "group")
complete <- na.omit(b[, names])
ordinal <- function(...) { f <- fit(...); c(measures(f), list(latent = latent(f))) }
a <- paste0("A", 2:5)
strong <- measEq.syntax(of("A", 2:5), data = b, ordered = a, parameterization = "theta", ID.fac = "std.lv",
  ID.cat = "Wu.Estabrook.2016", group = "group", group.equal = c("thresholds", "loadings"))
groups <- matrices(cfa(as.character(strong), data = b, ordered = a, group = "group", parameterization = "theta"), 2)
figures$bfi <- list(
  ml = measures(fit(five, complete)),
  fiml = measures(fit(five, b, missing = "fiml")),
  wlsmv = ordinal(five, complete, ordered = names),
  theta = ordinal(of("A"), complete, ordered = names[1:5], parameterization = "theta"),
  delta = ordinal(of("A"), complete, ordered = names[1:5]),
  group = list(matrices = groups, green_yang = green_yang(groups)),
  htmt = both(five, complete),
  htmt_ordinal = both(five, complete, ordered = names))
for (name in c("science", "lsat7")) {
  x <- get_data(name)
  figures[[name]] <- list(ordinal = ordinal(paste("f =~", paste(colnames(x), collapse = " + ")), x, ordered = colnames(x)))
}
finish(figures)
