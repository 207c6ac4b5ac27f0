# Full information with holes: one group, robust, and in two groups.
# Rscript tests/reference/cfa_missing/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

x <- get_data("holzinger_holes")
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
# The saturated moments too are sought further than by default.
fiml <- function(estimator, model = three, ...)
  fit(model, x, estimator = estimator, missing = "fiml", em.h1.tol = 1e-11, ...)
of <- function(f) solution(f, std = std_of(f))
scores <- function(f, method) unname(unclass(lavPredict(f, method = method))[1:20, , drop = FALSE])
f <- fiml("ML")
ml <- c(of(f), list(r2 = named(lavInspect(f, "rsquare")), modification = mi_of(f),
  residuals = matrix_of(residuals(f, type = "cor")$cov), regression = scores(f, "regression"), bartlett = scores(f, "Bartlett")))
robust <- fiml("MLR"); free <- fiml("MLR", paste0(three, "\nx7 ~~ x8"))
by_group <- function(...) fiml(..., group = "group")
metric <- by_group("MLR", group.equal = "loadings")
scalar <- by_group("MLR", group.equal = c("loadings", "intercepts"))
finish(list(holzinger_holes = list(
  fiml_ml = ml, fiml_mlr = of(robust), fiml_correlated = of(free),
  fiml_equal = of(fiml("ML", "visual =~ a*x1 + a*x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\nx1 ~ 5*1")),
  fiml_metric_ml = of(by_group("ML", group.equal = "loadings")),
  fiml_metric = of(metric), fiml_scalar = of(scalar),
  fiml_differences = list(
    scalar_sb2001 = difference(metric, scalar, method = "satorra.bentler.2001"),
    correlated_sb2001 = difference(free, robust, method = "satorra.bentler.2001"),
    scalar_ml = difference(by_group("ML", group.equal = "loadings"), by_group("ML", group.equal = c("loadings", "intercepts")))))))
