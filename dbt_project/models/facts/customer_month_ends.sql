{{ config(materialized='view') }}
-- customer_month_ends: what did each customer hold at the last 13 month-ends?
--
-- One row per customer and month-end, from the customer's opening or the first complete balances on. The 30-day average
-- is null where its window begins before balances are complete.
{% for month_end in month_ends(13) -%}
select
    customer_id,
    cast('{{ month_end }}' as date) as month_end,
    month_end_aum_{{ loop.index }}_amount as aum,
    month_end_avg_30d_{{ loop.index }}_amount as aum_avg_30d,
    {{ as_of_column() }}
from {{ ref('customer_balances') }}
where history_days > {{ age_of(month_end) }}
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
