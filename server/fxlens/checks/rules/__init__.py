"""All rules, each in its own module together with its documentation."""

from __future__ import annotations

from fxlens.checks.problem import Rule
from fxlens.checks.rules import (
    changed_behaviour,
    dropped_operation,
    duplicate_output,
    failed_model,
    invalid_arguments,
    misleading_node,
    mode_specific_node,
    naming_failure,
    non_tensor_node,
    overwritten_node,
    pattern_query,
    repeated_module,
    shadowed_query,
    unknown_node,
    unknown_output_key,
    unresolved_model,
    unresolved_names,
    untraceable_model,
)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        unknown_node.RULE,
        mode_specific_node.RULE,
        misleading_node.RULE,
        shadowed_query.RULE,
        pattern_query.RULE,
        repeated_module.RULE,
        duplicate_output.RULE,
        non_tensor_node.RULE,
        overwritten_node.RULE,
        unknown_output_key.RULE,
        dropped_operation.RULE,
        changed_behaviour.RULE,
        invalid_arguments.RULE,
        naming_failure.RULE,
        untraceable_model.RULE,
        failed_model.RULE,
        unresolved_model.RULE,
        unresolved_names.RULE,
    )
}
