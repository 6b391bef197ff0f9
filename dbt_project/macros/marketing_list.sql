{#
marketing_list: everything a list needs beyond its Who.

    {% call(rule) marketing_list() %}
    select customer_id as subject_id, <amount> as stake_amount, <date> as due_on [, own facts …]
    from … where … {{ threshold('name', rule) }}
    {% endcall %}

The body is rendered twice: with rule 'enter' (who may come on the list) and with rule 'keep' (who may stay
once listed; looser, so that membership does not flicker). Score, reasons, baseline and variant come from the
list's YAML entry, whose conditions may name any column of the subject's table and any column of the body.

One row per subject: list, subject_type, subject_id, is_entry, score (0-100), rule_ids (rules met, strongest
first, 'r3,r1'), stake_amount, due_on, talk_variant, baseline and facts (JSON texts), as_of.

A list that is off is no model of the day: to leave each out by its name would cost dbt seconds.
#}
{% macro marketing_list(facts_model='customer_labels', subject_id='customer_id') %}
    {%- if model.name | replace('list_', '', 1) not in var('lists') %}{{ config(enabled=false) }}{% endif -%}
    {%- set meta = model.config.meta if execute else {} -%}
    {%- set rules = meta.get('score', []) -%}
    {%- set facts = ref(facts_model) -%}
    {%- set strongest = [] -%}
    {%- for rule in rules -%}{%- do strongest.append({'id': 'r' ~ loop.index, 'when': rule.when, 'points': rule.points}) -%}{%- endfor -%}
    {%- set strongest = strongest | sort(attribute='points', reverse=true) -%}
with entering as (
{{ caller('enter') }}
),

staying as (
{{ caller('keep') }}
),

members as (
    select entering.*, true as is_entry
    from entering
    union all
    select staying.*, false as is_entry
    from staying
    anti join entering on staying.subject_id = entering.subject_id
)

select
    '{{ model.name | replace("list_", "", 1) }}' as list,
    '{{ meta.get("subject", "customer") }}' as subject_type,
    members.subject_id,
    members.is_entry,
    cast(least(100, greatest(0, 0{% for rule in rules %}
        + case when {{ rule.when }} then {{ rule.points }} else 0 end{% endfor %})) as integer) as score,
    concat(''{% for rule in strongest %},
        case when {{ rule.when }} then '{{ rule.id }},' else '' end{% endfor %}) as rule_ids,
    {{ money('members.stake_amount') }} as stake_amount,
    cast(members.due_on as date) as due_on,
    cast({{ meta.get('talk_variant', "'default'") }} as {{ dbt.type_string() }}) as talk_variant,
    {{ json_text(meta.get('baseline', {})) }} as baseline,
    {{ json_text(reason_facts(rules)) }} as facts,
    {{ as_of_column() }}
from members
inner join {{ facts }} as subject_facts on members.subject_id = subject_facts.{{ subject_id }}
{% endmacro %}

{# The values that the reasons show: {name:format} in either language → {name: name}. #}
{% macro reason_facts(rules) %}
    {%- set found = {} -%}
    {%- for rule in rules -%}
        {%- for text in rule.reason.values() -%}
            {%- for name in modules.re.findall('\{(\w+)(?::\w+)?\}', text) -%}{%- do found.update({name: name}) -%}{%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# A JSON object as text from {key: SQL expression}; values are texts or null. Quotes inside values become ' so that it always parses. #}
{% macro json_text(pairs) -%}
concat('{'{% for key, expression in pairs.items() %}, '{{ ", " if not loop.first }}"{{ key }}": ',
        coalesce('"' || replace(replace({{ as_text(expression) }}, chr(92), '/'), chr(34), chr(39)) || '"', 'null'){% endfor %}, '}')
{%- endmacro %}
