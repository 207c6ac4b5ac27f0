# Rscript tests/reference/fit_indices/generate.R OUT     (R 4.2, lavaan 0.6-14, semTools 0.5-6)
#
# Jacobians, weights and Gamma of small models with the traces, standard errors, scaled tests,
# difference tests and indices that lavaan makes of them; indices of made-up statistics; residuals.
suppressMessages({library(lavaan); library(semTools); library(MASS); library(jsonlite)})
options(warn = -1)
arguments <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
out <- commandArgs(trailingOnly = TRUE)[1]
dir.create(out, showWarnings = FALSE, recursive = TRUE)
read <- function(name) read.csv(file.path(here, "..", "data", paste0(name, ".csv")))
inside <- function(name) getFromNamespace(name, "lavaan")

short <- function(x) signif(unname(as.matrix(x)), 11)
each <- function(fit, what) unname(lavTech(fit, what))
half <- function(x) { x <- unname(as.matrix(x)); signif(x[lower.tri(x, diag = TRUE)], 11) }
weights <- function(fit) lapply(each(fit, "WLS.V"), function(W)
  if (all(abs(W[row(W) != col(W)]) < 1e-12)) signif(diag(W), 11) else short(W))
persons <- function(fit) I(unlist(each(fit, "nobs")))
# In the parameters that are left when equal ones are one.
jacobian <- function(fit) {
  K <- if (fit@Model@eq.constraints) fit@Model@eq.constraints.K else diag(fit@Model@nx.free)
  lapply(each(fit, "delta"), function(D) D %*% K)
}
measures <- c("npar", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea.ci.lower",
  "rmsea.ci.upper", "rmsea.pvalue", "srmr", "crmr", "logl", "aic", "bic", "baseline.chisq",
  "baseline.df", "chisq.scaled", "pvalue.scaled", "cfi.scaled", "tli.scaled", "rmsea.scaled",
  "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "rmsea.pvalue.scaled", "cfi.robust", "tli.robust",
  "rmsea.robust", "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "rmsea.pvalue.robust",
  "chisq.scaling.factor", "baseline.chisq.scaled", "baseline.chisq.scaling.factor")
figures <- function(fit) {
  found <- fitMeasures(fit)
  as.list(found[intersect(measures, names(found))])
}
tests <- function(fit) {
  parts <- function(test) test[intersect(names(test),
    c("stat", "df", "scaling.factor", "shift.parameter", "trace.UGamma", "trace.UGamma2"))]
  list(model = parts(fit@test[[2]]), baseline = parts(fit@baseline$test[[2]]))
}
sandwich <- function(fit) list(
  n = persons(fit), delta = lapply(jacobian(fit), short), weights = weights(fit),
  gamma = lapply(each(fit, "gamma"), half), std_error = unname(sqrt(diag(lavTech(fit, "vcov")))),
  tests = tests(fit), fit = figures(fit))
catml <- function(fit) {
  found <- inside("lav_fit_catml_dwls")(fit)
  list(chi2 = found$XX3, factor = found$c.hat3, chi2_baseline = found$XX3.null,
    factor_baseline = found$c.hat3.null, n_thresholds = length(lavTech(fit, "th")[[1]]),
    sample = lapply(each(fit, "sampstat"), function(s) half(s$cov)),
    implied = lapply(each(fit, "implied"), function(s) half(s$cov)))
}
change <- function(full, restricted, ...) {
  t <- lavTestLRT(full, restricted, ...)
  list(chi2 = t[2, "Chisq diff"], df = t[2, "Df diff"], p_value = t[2, "Pr(>Chisq)"])
}
state <- function(fit) list(chi2 = fit@test[[1]]$stat, df = fit@test[[1]]$df,
  factor = if (length(fit@test) > 1) fit@test[[2]]$scaling.factor else NULL)
m10 <- function(full, restricted) inside("lav_test_diff_m10")(full, restricted, test = TRUE)@test[[2]]$scaling.factor

# Statistics nobody found: the same functions that fitMeasures calls, the interval solved closely.
corners <- function() {
  rows <- expand.grid(df = c(1, 5, 48, 560), ratio = c(0, 0.02, 0.6, 1, 1.3, 4, 40), n = c(30, 400, 1e5),
    groups = c(1, 3), factor = c(1, 0.7, 1.9))
  rows <- rows[seq(1, nrow(rows), by = 5), ]
  rows <- rbind(rows, expand.grid(df = 0, ratio = 0, n = 400, groups = c(1, 2), factor = 1))
  bound <- function(chi2, df, n, groups, c, share) {
    f <- function(ncp) pchisq(chi2, df, ncp) - share
    if (df == 0 || f(0) <= 0) return(0)
    top <- 10; while (f(top) > 0) top <- 2 * top
    sqrt(c * uniroot(f, c(0, top), tol = 1e-13, maxiter = 2000)$root / (n * df) * groups)
  }
  found <- lapply(seq_len(nrow(rows)), function(i) with(rows[i, ], {
    chi2 <- df * ratio
    null <- list(chi2 = 3 * df + 20 * (i %% 3), df = df + 10 * (1 + i %% 4))
    if (factor == 1) {
      cfi <- inside("lav_fit_cfi")(chi2, df, null$chi2, null$df)
      tli <- inside("lav_fit_tli")(chi2, df, null$chi2, null$df)
    } else {
      cfi <- inside("lav_fit_cfi")(chi2, df, null$chi2, null$df, c.hat = factor, c.hat.null = 0.8)
      tli <- inside("lav_fit_tli")(chi2, df, null$chi2, null$df, c.hat = factor, c.hat.null = 0.8)
    }
    ci <- inside("lav_fit_rmsea_ci")(chi2 / factor, df, n, groups, factor)
    mean_ci <- inside("lav_fit_rmsea_ci")(chi2, df * factor, n, groups)
    list(chi2 = chi2, df = df, n = n, groups = groups, factor = factor, null_chi2 = null$chi2,
      null_df = null$df, cfi = cfi, tli = tli,
      rmsea = inside("lav_fit_rmsea")(chi2, df, n, G = groups, c.hat = factor),
      rmsea_lavaan = c(ci$rmsea.ci.lower, ci$rmsea.ci.upper),
      rmsea_low = bound(chi2 / factor, df, n, groups, factor, .95),
      rmsea_high = bound(chi2 / factor, df, n, groups, factor, .05),
      rmsea_p_close = inside("lav_fit_rmsea_closefit")(chi2 / factor, df, n, groups, factor),
      mean_rmsea = inside("lav_fit_rmsea")(chi2, df * factor, n, G = groups),
      mean_low = bound(chi2, df * factor, n, groups, 1, .95),
      mean_high = bound(chi2, df * factor, n, groups, 1, .05),
      mean_lavaan = c(mean_ci$rmsea.ci.lower, mean_ci$rmsea.ci.upper))
  }))
  found
}

science <- na.omit(read("science"))
items <- names(science)
one <- paste("f =~", paste(items, collapse = " + "))
fits <- lapply(c(wlsmv = "WLSMV", ulsmv = "ULSMV"), function(e)
  cfa(one, science, ordered = items, estimator = e, std.lv = TRUE))
ml <- cfa(one, science, std.lv = TRUE)
small <- chisqSmallN(ml, smallN.method = c("swain", "bartlett"))
write_json(list(
  ordinal = lapply(fits, sandwich), robust = lapply(fits, catml),
  corners = corners(),
  small_samples = list(n = nrow(science), n_items = 4, n_factors = 1, df = 2,
    swain = small$swain[["smallN.factor"]], bartlett = small$bartlett[["smallN.factor"]])),
  file.path(out, "science.json"), digits = NA, auto_unbox = TRUE, null = "null", na = "null")

five <- na.omit(read("bfi")[, c("group", paste0("A", 1:5))])
items <- setdiff(names(five), "group")
one <- paste("f =~", paste(items, collapse = " + "))
wlsmv <- cfa(one, five, ordered = items, estimator = "WLSMV", std.lv = TRUE)
two <- cfa(one, five, ordered = items, estimator = "WLSMV", std.lv = TRUE, group = "group")
steps <- list(configural = character(), thresholds = "thresholds", metric = c("thresholds", "loadings"))
ladder <- lapply(steps, function(equal) {
  syntax <- measEq.syntax(one, data = five, ordered = items, parameterization = "theta",
    ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "group", group.equal = equal)
  cfa(as.character(syntax), five, ordered = items, group = "group", parameterization = "theta",
    estimator = "WLSMV")
})
rungs <- lapply(ladder, function(fit)
  list(delta = lapply(jacobian(fit), short), chi2 = state(fit)$chi2, df = state(fit)$df))
ordinal_changes <- list(
  thresholds = change(ladder$configural, ladder$thresholds),
  metric = change(ladder$thresholds, ladder$metric),
  metric_variance = change(ladder$thresholds, ladder$metric, scaled.shifted = FALSE))

continuous <- function(estimator, equal = "", ...) cfa(one, five, group = "group", std.lv = TRUE,
  estimator = estimator, group.equal = equal, ...)
shifted <- continuous("MLMV", test = "scaled.shifted")
mean_adjusted <- continuous("MLM")
mlr <- list(configural = continuous("MLR"), metric = continuous("MLR", "loadings"),
  scalar = continuous("MLR", c("loadings", "intercepts")))
mlr_one <- cfa(one, five, estimator = "MLR", std.lv = TRUE)
changes <- list(
  sb_2001 = change(mlr$configural, mlr$metric), sb_2010 = change(mlr$configural, mlr$metric,
    method = "satorra.bentler.2010"),
  sb_2001_scalar = change(mlr$metric, mlr$scalar),
  sb_2010_scalar = change(mlr$metric, mlr$scalar, method = "satorra.bentler.2010"),
  satorra_2000_mean = change(mlr$configural, mlr$metric, method = "satorra.2000", scaled.shifted = FALSE),
  satorra_2000_shifted = change(mlr$configural, mlr$metric, method = "satorra.2000"))
information <- function(fit) {
  K <- if (fit@Model@eq.constraints) fit@Model@eq.constraints.K else diag(fit@Model@nx.free)
  t(K) %*% lavTech(fit, "information") %*% K
}
holes <- read("bfi")[, c("group", paste0("A", 1:5))]
fiml <- function(estimator) cfa(one, holes, estimator = estimator, std.lv = TRUE, missing = "fiml")
corrected <- function(fit, version) {
  found <- inside("lav_fit_fiml_corrected")(fit, version)
  list(chi2 = found$XX3, factor = found$c.hat3, chi2_baseline = found$XX3.null,
    factor_baseline = found$c.hat3.null)
}
with_robust <- function(fit, version) list(fit = figures(fit), robust = corrected(fit, version),
  n = sum(lavTech(fit, "nobs")))
residuals_of <- function(fit) list(
  n = persons(fit), npar = unname(fitMeasures(fit, "npar")),
  sample = lapply(each(fit, "sampstat"), function(s) half(s$cov)),
  implied = lapply(each(fit, "implied"), function(s) half(s$cov)),
  mean = lapply(each(fit, "sampstat"), function(s) I(as.numeric(s$mean))),
  implied_mean = lapply(each(fit, "implied"), function(s) I(as.numeric(s$mean))),
  bollen = lapply(unname(inside("lav_residuals")(fit, "cor.bollen")), function(r) half(r$cov)),
  bollen_mean = lapply(unname(inside("lav_residuals")(fit, "cor.bollen")), function(r) I(as.numeric(r$mean))),
  fit = figures(fit))
ordinal_residuals <- function(fit) list(
  n = persons(fit),
  sample = lapply(each(fit, "sampstat"), function(s) half(s$cov)),
  implied = lapply(each(fit, "implied"), function(s) half(s$cov)), fit = figures(fit))

write_json(list(
  ordinal = list(wlsmv = sandwich(wlsmv), two = sandwich(two)),
  robust = list(wlsmv = catml(wlsmv), two = catml(two)),
  # Weights and Gamma of the ladder are those of `two`: they rest on the data alone.
  ladder = list(rungs = rungs, changes = ordinal_changes),
  normal = list(shifted = sandwich(shifted), mean = sandwich(mean_adjusted)$tests),
  mlr = list(
    states = lapply(mlr, state), c10 = m10(mlr$configural, mlr$metric),
    c10_scalar = m10(mlr$metric, mlr$scalar), changes = changes,
    n = persons(mlr$configural),
    weights = weights(mlr$configural), gamma = lapply(each(mlr$configural, "gamma"), half),
    information = short(information(mlr$configural)),
    delta1 = lapply(jacobian(mlr$configural), short), delta0 = lapply(jacobian(mlr$metric), short)),
  indices = list(
    mlr = list(fit = figures(mlr_one), n = nrow(five), groups = 1),
    mlr_two = list(fit = figures(mlr$metric), n = nrow(five), groups = 2),
    fiml = with_robust(fiml("ML"), "V6"), fiml_mlr = with_robust(fiml("MLR"), "V3")),
  residuals = list(one = residuals_of(cfa(one, five, std.lv = TRUE)),
    two = residuals_of(continuous("ML", c("loadings", "intercepts"))),
    fiml = residuals_of(fiml("ML"))),
  ordinal_residuals = list(one = ordinal_residuals(wlsmv), two = ordinal_residuals(ladder$metric))),
  file.path(out, "bfi.json"), digits = NA, auto_unbox = TRUE, null = "null", na = "null")
