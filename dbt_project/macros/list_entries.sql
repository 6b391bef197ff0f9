{# Every list that is on, as rows: what its YAML entry says to delivery. Read from the project's graph at run time. #}
{% macro list_entries() %}
    {%- set entries = [] -%}
    {%- if execute -%}
        {%- for list in var('lists') -%}
            {%- do entries.append((list, graph.nodes['model.mingdan.list_' ~ list].config.meta)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set as_string = dbt.type_string() -%}
    {%- for list, meta in entries %}
select
    cast('{{ list }}' as {{ as_string }}) as list,
    cast('{{ meta.get("subject", "customer") }}' as {{ as_string }}) as subject_type,
    cast('{{ meta.purpose }}' as {{ as_string }}) as purpose,
    cast('{{ meta.product_family }}' as {{ as_string }}) as product_family,
    cast('{{ meta.offer }}' as {{ as_string }}) as offer,
    cast('{{ meta.owner }}' as {{ as_string }}) as owner_role,
    cast('{{ meta.branch_rule }}' as {{ as_string }}) as branch_rule,
    cast('{{ meta.channels | join(",") }}' as {{ as_string }}) as channels,
    cast('{{ meta.get("central_channel", "") }}' as {{ as_string }}) as central_channel,
    cast({{ meta.weight }} as decimal(9, 6)) as weight,
    cast({{ meta.base_rate }} as decimal(9, 6)) as base_rate,
    cast({{ meta.valid_days }} as integer) as valid_days,
    cast({{ meta.cool_down_days }} as integer) as cool_down_days,
    cast({{ meta.get("min_per_branch", 0) }} as integer) as min_per_branch,
    cast({{ threshold(meta.most_per_branch) if meta.most_per_branch else 'null' }} as integer) as most_per_branch
        {%- if not loop.last %}
union all
        {%- endif -%}
    {%- else %}
select
    cast(null as {{ as_string }}) as list, cast(null as {{ as_string }}) as subject_type, cast(null as {{ as_string }}) as purpose, cast(null as {{ as_string }}) as product_family,
    cast(null as {{ as_string }}) as offer, cast(null as {{ as_string }}) as owner_role, cast(null as {{ as_string }}) as branch_rule,
    cast(null as {{ as_string }}) as channels, cast(null as {{ as_string }}) as central_channel,
    cast(null as decimal(9, 6)) as weight, cast(null as decimal(9, 6)) as base_rate, cast(null as integer) as valid_days,
    cast(null as integer) as cool_down_days, cast(null as integer) as min_per_branch, cast(null as integer) as most_per_branch
where 1 = 0
    {%- endfor %}
{% endmacro %}
