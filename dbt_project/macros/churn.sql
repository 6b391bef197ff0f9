{# The days on which churn is judged, newest first: the business date and the month-ends before it, as far back as the
   425 days of balances can show 90 days before. Each: {'day': ISO text, 'age': days before the business date, 'average':
   the column of customer_balances with the 30-day average to that day}. #}
{% macro churn_points() %}
    {%- set today = modules.datetime.date.fromisoformat(var('as_of')) -%}
    {%- set points = [{'day': var('as_of'), 'age': 0, 'average': 'avg_30d_amount'}] -%}
    {%- for month_end in month_ends(13) -%}
        {%- set age = (today - modules.datetime.date.fromisoformat(month_end)).days -%}
        {%- if 0 < age <= 335 -%}
            {%- do points.append({'day': month_end, 'age': age, 'average': 'month_end_avg_30d_' ~ loop.index ~ '_amount'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(points) }}
{% endmacro %}

{# How far money has left: 1 stable, 2 watch, 3 warning, 4 critical, 5 lost. `average` of the last 30 days against
   `base`, the average of a quarter before, and `peak`; `high` is the highest aum of the last 30 days. #}
{% macro churn_rank(average, base, peak, high) -%}
case
    when {{ high }} < {{ threshold('churn_lost_share') }} * {{ peak }} then 5
    {%- for stage in ['critical', 'warning', 'watch'] %}
    when {{ rate(base ~ ' - ' ~ average, base) }} >= {{ threshold('churn_' ~ stage ~ '_fast') }}
        or {{ rate(peak ~ ' - ' ~ average, peak) }} >= {{ threshold('churn_' ~ stage ~ '_slow') }} then {{ 4 - loop.index0 }}
    {%- endfor %}
    else 1
end
{%- endmacro %}
