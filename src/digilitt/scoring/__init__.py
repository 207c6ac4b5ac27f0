"""From a table of answers to scores: plan, responses, scores, description, simulation."""
