{# Tables and views on DuckDB in one statement each. dbt's own build aside, rename and look for leftovers: twenty macros and
   five statements a model, most of a small model's cost. The working file is thrown away with its run, and `create or
   replace` is whole or not at all. #}
{% materialization table, adapter='duckdb' %}
    {{ return(created(this.incorporate(type='table'), compiled_code)) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(created(this.incorporate(type='view'), compiled_code)) }}
{% endmaterialization %}

{% macro created(relation, query) %}
    {%- set former = load_cached_relation(relation) -%}
    {%- if former is not none and former.type != relation.type -%}{%- do adapter.drop_relation(former) -%}{%- endif -%}
    {% call statement('main') -%}
create or replace {{ relation.type }} {{ relation }} as (
{{ query }}
)
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmacro %}
