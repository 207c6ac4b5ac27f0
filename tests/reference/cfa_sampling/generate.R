# Models with workplaces (clusters) and sampling weights, of continuous items. lavaan 0.6-14 takes
# clusters for ordinal items too, and then does nothing with them.
# Rscript tests/reference/cfa_sampling/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

x <- get_data("holzinger_sampling"); rows <- seq_len(nrow(x))
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
# Every fifth person lacks x1, every seventh x5.
holes <- x; holes$x1[rows %% 5 == 0] <- NA; holes$x5[rows %% 7 == 0] <- NA
mlr <- function(..., data = x) fit(three, data, estimator = "MLR", ...)
of <- function(f) solution(f, std = std_of(f))
# Sixteen units are fewer than the 30 parameters.
few <- x; few$unit <- paste0(substr(x$unit, 1, 1), as.integer(substring(x$unit, 2)) %/% 4)
cluster_metric <- mlr(cluster = "unit", group = "group", group.equal = "loadings")
cluster_configural <- mlr(cluster = "unit", group = "group")

finish(list(
  holzinger_sampling = list(
    cluster = of(mlr(cluster = "unit")), cluster_few = of(mlr(cluster = "unit", data = few)),
    cluster_configural = of(cluster_configural), cluster_metric = of(cluster_metric),
    cluster_difference = difference(cluster_configural, cluster_metric, method = "satorra.bentler.2001"),
    cluster_fiml = of(mlr(cluster = "unit", data = holes, missing = "fiml", em.h1.tol = 1e-11)),
    weight = of(mlr(sampling.weights = "weight")),
    weight_configural = of(mlr(sampling.weights = "weight", group = "group")),
    weight_scalar = of(mlr(sampling.weights = "weight", group = "group", group.equal = c("loadings", "intercepts"))),
    weight_fiml = of(mlr(sampling.weights = "weight", data = holes, missing = "fiml", em.h1.tol = 1e-11)),
    both = of(mlr(sampling.weights = "weight", cluster = "unit")))))
