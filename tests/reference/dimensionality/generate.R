# Eigenvalues and rules for the number of factors, on complete cases.
# Rscript tests/reference/dimensionality/generate.R OUT     (R 4.2, psych 2.2.9, jsonlite)
#
# From psych: eigenvalues with communalities (squared multiple correlations; one factor by
# minres) and parallel analysis. Base R, from the papers: the average partial correlations with
# step 0 and to the fourth power (Velicer 1976; Velicer, Eaton and Fava 2000), through partial
# correlations of items given component scores rather than through residual matrices; and the
# empirical Kaiser criterion (Braeken and van Assen 2017, equation 2).
suppressMessages({library(psych); library(jsonlite)})
options(warn = -1, mc.cores = 1)
out <- commandArgs(TRUE)[1]
here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))

# Correlations of the items when the first m component scores are regressed out.
partials <- function(X, m) {
  if (m == 0) return(cor(X))
  Z <- scale(X)
  scores <- Z %*% eigen(cor(X))$vectors[, 1:m, drop = FALSE]
  cor(residuals(lm(Z ~ scores)))
}
average <- function(X, power) sapply(0:(ncol(X) - 2), function(m) {
  P <- partials(X, m)
  mean(P[lower.tri(P)]^power)
})
ekc <- function(values, n) {
  k <- length(values)
  sapply(1:k, function(j) max(1, (k - sum(values[seq_len(j - 1)])) / (k - j + 1) *
                                (1 + sqrt(k / n))^2))
}
counted <- function(values, reference) which(c(values <= reference, TRUE))[1] - 1

quantiles <- function(found, k, q) {
  v <- found$values[, 1:(2 * k)]   # resampled: components, then factors
  list(component_mean = unname(colMeans(v[, 1:k])), factor_mean = unname(colMeans(v[, k + 1:k])),
       component_95 = unname(apply(v[, 1:k], 2, quantile, q)),
       factor_95 = unname(apply(v[, k + 1:k], 2, quantile, q)),
       n_component = found$ncomp, n_factor = found$nfact)
}
run <- function(X, n.iter, ...) {
  set.seed(20170920)
  sink(nullfile()); on.exit(sink())
  found <- fa.parallel(X, plot = FALSE, fm = "minres", n.iter = n.iter, quant = .95, sim = FALSE, ...)
  quantiles(found, ncol(X), .95)
}

for (name in c("bfi", "holzinger", "science", "lsat7")) {
  X <- read.csv(file.path(here, "..", "data", paste0(name, ".csv")))
  X <- na.omit(X[, setdiff(names(X), "group")])
  R <- cor(X); values <- eigen(R)$values; k <- ncol(X)
  reduced <- R; diag(reduced) <- smc(R)
  n.iter <- if (name == "bfi") 1000 else 4000
  found <- list(
    n_complete = nrow(X),
    eigen_smc = eigen(reduced)$values,
    eigen_minres = fa(R, 1, fm = "minres", rotate = "none")$values,
    map_from_zero = average(X, 2), map_fourth = average(X, 4),
    ekc = list(reference = ekc(values, nrow(X)), n = counted(values, ekc(values, nrow(X)))),
    parallel_smc = run(X, n.iter, SMC = TRUE))
  if (name %in% c("bfi", "holzinger"))   # noisy where there are few items: no target there
    found$parallel_minres <- run(X, 50, SMC = FALSE)[c("n_component", "n_factor")]
  if (name %in% c("science", "lsat7"))
    found$parallel_polychoric <- run(X, 1000, SMC = TRUE, cor = if (name == "lsat7") "tet" else "poly")
  if (name == "bfi")
    found$parallel_polychoric <- run(X, 20, SMC = TRUE, cor = "poly")[c("n_component", "n_factor")]
  write_json(found, file.path(out, paste0(name, ".json")), auto_unbox = TRUE, digits = 12)
}
