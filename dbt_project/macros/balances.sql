{# Days from a date back to the business date, for an ISO text at compile time. #}
{% macro age_of(day) %}
    {{ return((modules.datetime.date.fromisoformat(var('as_of')) - modules.datetime.date.fromisoformat(day)).days) }}
{% endmacro %}

{# The balance changes of the customers in `customers`, a CTE: customer_no, age in days, cents. #}
{% macro changes_of(customers) -%}
select
        all_changes.customer_no,
        {{ days_between(as_of(), 'all_changes.changed_on') }} as age,
        cast(all_changes.change_amount * 100 as bigint) as cents
    from {{ ref('customer_balance_changes') }} as all_changes
    semi join {{ customers }} on all_changes.customer_no = {{ customers }}.customer_no
{%- endmacro %}

{# Aggregate over changes (columns `age` in days, `cents`): the balance at the end of the day `age` days ago. #}
{% macro level(age) -%}
sum(case when age >= {{ age }} then cents else 0 end)
{%- endmacro %}

{# Aggregate over changes: the sum of the daily balances of the `days` days that end `age` days ago, in cents. A change
   counts once for each of those days on which it has happened. #}
{% macro day_sum(days, age=0) -%}
sum(case when age >= {{ age }} then cents * least({{ days }}, age - {{ age - 1 }}) else 0 end)
{%- endmacro %}

{# A mean of daily balances as money, from their sum in cents; rounded half up, alike on both engines. #}
{% macro mean_of(cents, days) -%}
cast(floor(cast({{ cents }} as double) / {{ days }} + 0.5) / 100 as decimal(18, 2))
{%- endmacro %}

{# Cents as money. #}
{% macro from_cents(cents) -%}
cast(cast({{ cents }} as decimal(38, 0)) / 100 as decimal(18, 2))
{%- endmacro %}
