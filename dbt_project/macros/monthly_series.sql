{# Payments that come round each month. `payments` is a relation with the columns customer_id, counterparty, biz_date and
   amount, all within the last four months or so. A series is a day of the month (1-31, the centre) and a leading amount,
   which is one of the payments: to it belong the customer's payments of the same counterparty whose day of the month is
   at most `days` from the centre, counted round a month of 31 days, and whose amount lies between `low` and `high`
   times the leading one. Of each customer and counterparty the series with most calendar months, then the most
   payments, the higher median, the higher leading amount, the earlier centre. Columns: customer_id, counterparty,
   months_seen, median_amount. #}
{% macro monthly_series(payments, days, low, high, months) -%}
{%- set exploded -%}
select customer_id, counterparty, month_bit, amount, {{ day_centre() }} as centre
        from (select *, {{ month_bit('biz_date') }} as month_bit from {{ payments }} as dated) as payments
        cross join {{ day_shifts(days) }} as shifts
        semi join (
            select customer_id, counterparty
            from {{ payments }} as counted
            group by customer_id, counterparty
            having {{ months_seen(month_bit('biz_date')) }} >= {{ months }}
        ) as repeated on payments.customer_id = repeated.customer_id and payments.counterparty = repeated.counterparty
{%- endset -%}
select customer_id, counterparty, months_seen, median_amount
from (
    select
        leaders.customer_id,
        leaders.counterparty,
        leaders.centre,
        leaders.amount as leading_amount,
        {{ months_seen('members.month_bit') }} as months_seen,
        count(*) as payment_count,
        {{ median_amount('members.amount') }} as median_amount
    from (
        {{ exploded | replace('select customer_id, counterparty, month_bit, amount', 'select distinct customer_id, counterparty, amount') }}
    ) as leaders
    inner join (
        {{ exploded }}
    ) as members
        on leaders.customer_id = members.customer_id
        and leaders.counterparty = members.counterparty
        and leaders.centre = members.centre
        and members.amount >= leaders.amount * {{ low }}
        and members.amount <= leaders.amount * {{ high }}
    group by leaders.customer_id, leaders.counterparty, leaders.centre, leaders.amount
    having {{ months_seen('members.month_bit') }} >= {{ months }}
) as series
qualify row_number() over (
    partition by customer_id, counterparty
    order by months_seen desc nulls last, payment_count desc nulls last, median_amount desc nulls last,
        leading_amount desc nulls last, centre nulls last
) = 1
{%- endmacro %}

{# A bit for the calendar month of a date. #}
{% macro month_bit(date) -%}
cast(pow(2, extract(month from {{ date }})) as integer)
{%- endmacro %}

{# How many calendar months such bits come from, of dates within less than a year: cheaper than to count distinct months,
   for which the engine keeps every row. #}
{% macro months_seen(bit) -%}
bit_count(bit_or({{ bit }}))
{%- endmacro %}

{# The day of the month of `biz_date`, moved by `shift` days round a month of 31 days. #}
{% macro day_centre() -%}
(cast(extract(day from biz_date) as integer) + shift + 30) % 31 + 1
{%- endmacro %}

{# A relation with the column `shift`: whole days from -days to days. #}
{% macro day_shifts(days) -%}
(select shift from (values {% for shift in range(-days, days + 1) %}({{ shift }}){{ ', ' if not loop.last }}{% endfor %}) as shifts (shift))
{%- endmacro %}
