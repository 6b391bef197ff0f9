-- customer_labels: what is known about each customer today?
--
-- One row per customer. Every label family (label_*.sql) side by side; a new family or label is here by itself.
-- A label that two families define stops the build and names both.
{% set taken = {'customer_id': none, 'as_of': none} %}
select
    label_profile.customer_id,
    {%- for family in var('label_families') %}
    {%- set relation = ref('label_' ~ family) %}
    {%- if execute %}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name not in ['customer_id', 'as_of'] %}
    {%- if column.name in taken %}
    {{ exceptions.raise_compiler_error("label '" ~ column.name ~ "' stands in label_" ~ taken[column.name] ~ " and in label_" ~ family ~ "; a label has one home") }}
    {%- endif %}
    {%- do taken.update({column.name: family}) %}
    label_{{ family }}.{{ column.name }},
    {%- endfor %}
    {%- endif %}
    {%- endfor %}
    {{ as_of_column() }}
from {{ ref('label_profile') }} as label_profile
{%- for family in var('label_families') if family != 'profile' %}
left join {{ ref('label_' ~ family) }} as label_{{ family }} on label_profile.customer_id = label_{{ family }}.customer_id
{%- endfor %}
