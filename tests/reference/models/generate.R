# Parameter tables of lavaan's cfa(), and of semTools' measEq.syntax() for steps of invariance.
# Nothing is fitted: the data only say which items, categories and groups there are.
# Usage: Rscript tests/reference/models/generate.R OUT   -> OUT/NAME.json for each data set
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
folder <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
out <- commandArgs(TRUE)[1]
data <- function(name) read.csv(file.path(folder, "..", "data", paste0(name, ".csv")))

# Rows of a table; rows with the same number in `same` are equal, 0 is none.
rows <- function(fit) {
  t <- as.data.frame(parTable(fit))
  eq <- t[t$op == "==" & grepl("^\\.p[0-9]+\\.$", t$lhs) & grepl("^\\.p[0-9]+\\.$", t$rhs), ]
  t <- t[t$group > 0, ]
  same <- integer(nrow(t))
  for (i in seq_len(nrow(eq))) {
    a <- which(t$plabel == eq$lhs[i]); b <- which(t$plabel == eq$rhs[i])
    same[c(a, b)] <- a
  }
  list(lhs = t$lhs, op = t$op, rhs = t$rhs, group = t$group, free = t$free > 0,
       value = t$ustart, same = same)
}
case <- function(model, rows, ...) list(model = model, options = Filter(Negate(is.null), list(...)),
                                        rows = rows)

# --- continuous ---------------------------------------------------------------------------------
d <- data("holzinger")
d$third <- rep(c("a", "b", "c"), length.out = nrow(d))
three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
words <- c(loadings = "loadings", intercepts = "intercepts", residuals = "residuals",
           "residual-covariances" = "residual.covariances", means = "means",
           variances = "lv.variances", covariances = "lv.covariances", thresholds = "thresholds")
continuous <- function(model, std_lv = TRUE, means = NULL, orthogonal = FALSE, group = NULL,
                       equal = character(0), partial = character(0)) {
  args <- list(model = model, data = d, std.lv = std_lv, orthogonal = orthogonal, do.fit = FALSE,
               warn = FALSE)
  if (!is.null(means)) args$meanstructure <- means
  if (!is.null(group)) args$group <- group
  if (length(equal)) args$group.equal <- unname(words[equal])
  if (length(partial)) args$group.partial <- partial
  n <- if (is.null(group)) 1 else length(unique(d[[group]]))
  case(model, rows(do.call("cfa", args)), std_lv = std_lv, means = means, orthogonal = orthogonal,
       n_groups = n, equal = I(equal), partial = I(partial))
}
higher <- paste(three, "g =~ visual + textual + speed", sep = "\n")
bifactor <- paste("g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9", three, sep = "\n")
correlated <- paste(three, "x7 ~~ x4", "x9 ~~ 0.2*x8", "textual ~~ 0*visual", sep = "\n")
steps <- list(metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
found <- list(
  std_lv = continuous(three), marker = continuous(three, FALSE),
  with_means = continuous(three, FALSE, TRUE),
  intercepts = continuous("f =~ x1 + x2 + x3 + x4
    f ~ NA*1
    x1 ~ 0*1
    x2 + x3 ~ 1
    x4 ~ 0", FALSE),
  released = continuous("visual =~ NA*x1 + x2 + x3
    visual ~~ 1*visual
    textual =~ 0.5*x4 + -1e-1*x5 + 0*x6 + x7", FALSE),
  labels = continuous("visual =~ a*x1 + a*x2 + start(0.8)*x3
    textual =~ b*x4 + x5 + equal('textual=~x5')*x6
    x1 ~~ r*x1; x2 ~~ r*x2"),
  labelled_marker = continuous("visual =~ a*x1 + a*x2 + x3
    textual =~ x4 + start(0.7)*x5 + a*x5 + x6", FALSE),
  higher_order = continuous(higher), higher_order_marker = continuous(higher, FALSE),
  bifactor = continuous(bifactor, orthogonal = TRUE), correlated = continuous(correlated),
  single = continuous("f =~ x1
    g =~ x2 + x3 + x4"),
  constrained = continuous("f =~ a*x1 + b*x2 + c*x3 + x4
    a + 2*b == 1; c == a"),
  two_groups = continuous(three, group = "group"),
  two_groups_marker = continuous(three, FALSE, group = "group", equal = steps$strict),
  by_group = continuous("f =~ c(a, b)*x1 + c(1, NA)*x2 + d*x3 + x4 + x5
    f ~ c(0, NA)*1", group = "group", equal = "loadings"),
  metric = continuous(three, group = "group", equal = steps$metric),
  scalar = continuous(three, group = "group", equal = steps$scalar),
  scalar_partial = continuous(three, group = "group", equal = steps$scalar,
                              partial = c("visual=~x2", "x3~1", "x7~1")),
  strict = continuous(correlated, group = "group",
                      equal = c(steps$strict, "residual-covariances")),
  intercepts_alone = continuous(three, group = "group", equal = "intercepts"),
  means = continuous(three, group = "group", equal = c(steps$scalar, "means")),
  variances = continuous(three, group = "group",
                         equal = c(steps$metric, "variances", "covariances")),
  bifactor_groups = continuous(bifactor, orthogonal = TRUE, group = "group",
                               equal = steps$scalar),
  higher_order_metric = continuous(higher, group = "group", equal = steps$metric),
  three_groups = continuous(three, group = "third", equal = steps$scalar))

# Steps after measEq.syntax: the model that it writes out, as cfa() reads it.
meq <- function(model, frame, ..., long = NULL, group = NULL, equal, partial = "") {
  args <- list(configural.model = model, data = frame, std.lv = TRUE, warn = FALSE, ...)
  if (is.null(long)) {
    args <- c(args, list(group = group, group.equal = equal, group.partial = partial))
  } else {
    args <- c(args, list(longFacNames = long$factors, longIndNames = long$items,
                         long.equal = equal, long.partial = partial))
  }
  syntax <- as.character(suppressMessages(do.call("measEq.syntax", args)))
  again <- list(model = syntax, data = frame, std.lv = TRUE, do.fit = FALSE, warn = FALSE, ...)
  if (!is.null(group)) again$group <- group
  rows(do.call("cfa", again))
}
ladder <- function(steps, ...) lapply(steps, function(equal) meq(..., equal = equal))
none <- list(configural = "")
to_strict <- c(none, steps)
found$ladder_two <- list(model = three, n_groups = 2,
                         steps = ladder(to_strict, three, d, group = "group"))
found$ladder_three <- list(model = three, n_groups = 3, steps = ladder(to_strict, three, d,
                                                                       group = "third"))
some <- c("visual =~ x2", "x3 ~ 1", "x7 ~~ x7")
found$ladder_partial <- list(model = three, n_groups = 2, partial = some,
  steps = ladder(to_strict, three, d, group = "group", partial = paste(some, collapse = "\n")))
# The same three items at three occasions.
set.seed(1)
at <- function(frame, items, occasions) {
  wide <- frame[0]
  for (o in occasions) for (i in items) {
    wide[[paste0(i, "_", o)]] <- sample(frame[[i]])
  }
  wide
}
long_model <- function(factors, occasions) paste(unlist(lapply(names(factors), function(f)
  paste0(f, "_", occasions, " =~ ", sapply(occasions, function(o)
    paste0(factors[[f]], "_", o, collapse = " + "))))), collapse = "\n")
long_names <- function(factors, occasions) list(
  factors = sapply(names(factors), function(f) paste0(f, "_", occasions), simplify = FALSE),
  items = sapply(unlist(factors, use.names = FALSE), function(i) paste0(i, "_", occasions),
                 simplify = FALSE))
short <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6"
factors <- list(visual = c("x1", "x2", "x3"), textual = c("x4", "x5", "x6"))
when <- c("1", "2", "3")
found$longitudinal <- list(model = short, occasions = when, steps = ladder(to_strict,
  long_model(factors, when), at(d, unlist(factors), when), long = long_names(factors, when)))
some <- c("visual =~ x2", "x3 ~ 1", "x4 ~~ x4")
found$longitudinal_partial <- list(model = short, occasions = when, partial = some,
  steps = ladder(to_strict, long_model(factors, when), at(d, unlist(factors), when),
                 long = long_names(factors, when), partial = paste(some, collapse = "\n")))
write_json(found, file.path(out, "holzinger.json"), auto_unbox = TRUE, digits = 12, na = "null")

# --- ordinal ------------------------------------------------------------------------------------
b <- na.omit(data("bfi"))[1:700, ]
b$third <- rep(c("a", "b", "c"), length.out = nrow(b))
coarse <- function(x, k) if (k == 6) x else if (k == 2) (x > 3) + 1 else ceiling(x * k / 6)
five <- "agree =~ A1 + A2 + A3 + A4 + A5"
ten <- "agree =~ A1 + A2 + A3 + A4 + A5
care =~ C1 + C2 + C3 + C4 + C5"
frame <- function(categories) {
  for (i in names(categories)) b[[i]] <- coarse(b[[i]], categories[[i]])
  b
}
all_of <- function(items, k) setNames(as.list(rep(k, length(items))), items)
A <- paste0("A", 1:5); C <- paste0("C", 1:5)
ordinal <- function(model, categories, std_lv = TRUE, parameterization = "delta", group = NULL,
                    orthogonal = FALSE, equal = character(0), partial = character(0)) {
  args <- list(model = model, data = frame(categories), std.lv = std_lv, do.fit = FALSE,
               ordered = names(categories), estimator = "WLSMV", warn = FALSE,
               parameterization = parameterization, orthogonal = orthogonal)
  if (!is.null(group)) args$group <- group
  if (length(equal)) args$group.equal <- unname(words[equal])
  if (length(partial)) args$group.partial <- partial
  n <- if (is.null(group)) 1 else length(unique(b[[group]]))
  case(model, rows(do.call("cfa", args)), std_lv = std_lv, parameterization = parameterization,
       orthogonal = orthogonal, n_groups = n, equal = I(equal), partial = I(partial),
       categories = categories)
}
mixed <- c(list(A1 = 2, A2 = 3, A3 = 4, A4 = 6, A5 = 2), all_of(C, 3))
cut <- c("thresholds", "loadings")
found <- list(
  delta = ordinal(ten, all_of(c(A, C), 6)),
  theta_marker = ordinal(ten, mixed, FALSE, "theta"),
  named = ordinal("agree =~ A1 + A2 + A3
    A1 | a*t1 + 0.5*t2
    A2 ~*~ 2*A2
    A3 ~ NA*1
    A1 ~~ A2", all_of(A[1:3], 3)),
  delta_configural = ordinal(five, all_of(A, 6), group = "group"),
  delta_thresholds = ordinal(five, all_of(A, 6), group = "group", equal = "thresholds"),
  delta_loadings = ordinal(five, all_of(A, 6), group = "group", equal = "loadings"),
  delta_both = ordinal(five, all_of(A, 3), group = "group", equal = cut,
                       partial = c("A2|t1", "agree=~A3")),
  delta_both_marker = ordinal(five, all_of(A, 2), FALSE, group = "third", equal = cut),
  theta_both = ordinal(five, all_of(A, 6), TRUE, "theta", group = "group", equal = cut),
  theta_strict = ordinal(five, all_of(A, 6), TRUE, "theta", group = "group",
                         equal = c(cut, "intercepts", "residuals", "means")))
wu <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
           scalar = c("thresholds", "loadings", "intercepts"),
           strict = c("thresholds", "loadings", "intercepts", "residuals"))
wu_ladder <- function(model, categories, group = "group", partial = NULL) {
  found <- list(model = model, n_groups = length(unique(b[[group]])), categories = categories,
    steps = ladder(wu, model, frame(categories), ordered = names(categories), group = group,
                   parameterization = "theta",
                   partial = paste(partial, collapse = "\n")))
  if (!is.null(partial)) found$partial <- I(partial)
  found
}
found$wu_six <- wu_ladder(ten, all_of(c(A, C), 6))
found$wu_two <- wu_ladder(five, all_of(A, 2))
found$wu_three <- wu_ladder(five, all_of(A, 3))
found$wu_mixed <- wu_ladder(ten, mixed)
found$wu_three_groups <- wu_ladder(five, all_of(A, 4), "third")
found$wu_partial <- wu_ladder(five, all_of(A, 4), partial = c("agree =~ A2", "A1 ~ 1",
  "A3 | t2", "A4 ~~ A4", "A5 | t1 + t2"))
wu_long <- function(categories, occasions, partial = NULL) {
  factors <- list(agree = A[1:3], care = C[1:3])
  w <- at(frame(categories), unlist(factors), occasions)
  found <- list(model = "agree =~ A1 + A2 + A3\ncare =~ C1 + C2 + C3", occasions = occasions,
    categories = categories,
    steps = ladder(wu, long_model(factors, occasions), w, ordered = names(w),
                   parameterization = "theta", long = long_names(factors, occasions),
                   partial = paste(partial, collapse = "\n")))
  if (!is.null(partial)) found$partial <- I(partial)
  found
}
found$wu_longitudinal <- wu_long(all_of(c(A[1:3], C[1:3]), 4), c("1", "2"))
found$wu_longitudinal_mixed <- wu_long(list(A1 = 2, A2 = 3, A3 = 6, C1 = 2, C2 = 6, C3 = 3),
                                       c("1", "2", "3"))
write_json(found, file.path(out, "bfi.json"), auto_unbox = TRUE, digits = 12, na = "null")
