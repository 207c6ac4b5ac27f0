# Rscript tests/reference/efa/generate.R OUT
# Figures of exploratory factor analysis that go beyond the usual rotations: fit with its interval,
# residuals, variances, Kaiser normalization, geomin, targets, factor score weights, Schmid–Leiman.
suppressPackageStartupMessages({library(psych); library(GPArotation); library(jsonlite)})
arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
out <- commandArgs(trailingOnly = TRUE)[1]
dir.create(out, showWarnings = FALSE, recursive = TRUE)

# Items in blocks, a block per factor: 0 elsewhere, and in the block anything, or 0.6.
open_target <- function(p, m) {
  B <- matrix(0, p, m); size <- p / m
  for (j in 1:m) B[((j - 1) * size + 1):(j * size), j] <- NA
  B
}
full_target <- function(p, m) { B <- open_target(p, m); B[is.na(B)] <- 0.6; B }
plain <- function(x) unname(unclass(as.matrix(x)))

tight <- list(eps = 1e-5, maxit = 3000)
# The best of eleven starts: from one alone GPArotation may end in a local minimum.
best <- function(g, L, ...) {
  set.seed(1)
  # Steps are continuous and never reflect, so every other start does.
  starts <- c(list(diag(ncol(L))), lapply(1:10, function(i) {
    Q <- Random.Start(ncol(L)); if (i %% 2) Q[, 1] <- -Q[, 1]; Q }))
  found <- lapply(starts, function(Q) do.call(g, c(list(L, Tmat = Q, ...), tight)))
  found[[which.min(sapply(found, function(x) tail(x$Table[, 2], 1)))]]
}

for (name in c("bfi", "holzinger")) {
  X <- read.csv(file.path(here, "..", "data", paste0(name, ".csv")))
  X$group <- NULL; X <- X[complete.cases(X), ]
  R <- cor(X); n <- nrow(X); p <- ncol(X); m <- if (name == "bfi") 5 else 3
  fit <- list(); factors <- list(); rotated <- list()
  for (fm in c("minres", "ml")) {
    f <- fa(R, m, n.obs = n, fm = fm, rotate = "none", max.iter = 500)
    stats <- factor.stats(R, f, n.obs = n, alpha = .1)
    fit[[fm]] <- list(chi2 = f$STATISTIC, df = f$dof, p_value = f$PVAL, rmsea = f$RMSEA[[1]],
      rmsea_low = f$RMSEA[[2]], rmsea_high = f$RMSEA[[3]], tli = f$TLI, bic = f$BIC,
      rmsr = f$rms, objective = f$objective, objective_null = f$null.model,
      chi2_null = f$null.chisq, df_null = f$null.dof)
    L <- plain(loadings(f))
    factors[[fm]] <- list(loadings = L)
    B <- full_target(p, m); W <- open_target(p, m); W <- ifelse(is.na(W), 0, 1)
    of <- function(x) list(loadings = plain(x$loadings), phi = if (is.null(x$Phi)) diag(m) else plain(x$Phi))
    zero <- matrix(0, p, m)
    rotated[[fm]] <- list(
      oblimin_normalized = of(best(oblimin, L, normalize = TRUE)),
      geomin = of(best(geominQ, L)),
      geomin_normalized = of(best(geominQ, L, normalize = TRUE)),
      varimax_raw = of(best(Varimax, L)),
      target_oblique = of(best(targetQ, L, Target = B)),
      target_orthogonal = of(best(targetT, L, Target = B)),
      open_oblique = of(best(pstQ, L, W = W, Target = zero)),
      open_orthogonal = of(best(pstT, L, W = W, Target = zero)))
  }
  # From here on with one solution, whose loadings stand in the file, so that only the step is compared.
  o <- best(oblimin, factors$minres$loadings); P <- plain(o$loadings); Phi <- plain(o$Phi)
  weights <- list(); for (how in c("Thurstone", "Bartlett", "tenBerge"))
    weights[[how]] <- plain(factor.scores(R, P, Phi = Phi, method = how)$weights)
  s <- schmid(R, m, fm = "minres", rotate = "oblimin", n.obs = n)
  steps <- list(loadings = P, phi = Phi, weights = weights,
    determinacy = unname(factor.stats(R, P, phi = Phi, n.obs = n)$R2),
    residuals = plain(R - P %*% Phi %*% t(P)),
    variance = unname(diag(Phi %*% t(P) %*% P)),
    other = factors$ml$loadings,
    congruence = plain(factor.congruence(P, factors$ml$loadings, digits = 10)),
    schmid = list(pattern = plain(s$oblique), phi = plain(s$phi), second_order = as.numeric(s$gloading),
      general = as.numeric(s$sl[, 1]), group = plain(s$sl[, 2:(m + 1)])))
  write_json(list(efa_fit = fit, efa_rotated = rotated, efa_steps = steps),
    file.path(out, paste0(name, ".json")), digits = 12, auto_unbox = TRUE)
}
