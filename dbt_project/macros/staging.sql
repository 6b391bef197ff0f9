{# The state a snapshot table tells on the business date: the rows of its newest snapshot by then. The date itself is
   dropped, so that no reader depends on which day was delivered. #}
{% macro newest_snapshot(table) -%}
select {{ all_but('biz_date') }}
from {{ table }}
where biz_date = (select max(biz_date) from {{ table }} where biz_date <= {{ as_of() }})
{%- endmacro %}

{# What an event table tells up to the business date, by the day in `day`. #}
{% macro rows_until(table, day='biz_date') -%}
select *
from {{ table }}
where {{ day if day == 'biz_date' else 'cast(' ~ day ~ ' as date)' }} <= {{ as_of() }}
{%- endmacro %}
