-- payroll_elsewhere: whose pay seems to land at another bank and come here from there?
--
-- One row per customer and other bank with such a series: credits in the own name from one bank, each within the range
-- of a month's pay, in at least three of the last four months around one day of the month, the smallest no more than a
-- fifth below the largest.
with credits as (
    select customer_id, counterparty_bank as counterparty, biz_date, amount
    from {{ ref('own_name_transfers') }}
    where direction = 'in'
        and biz_date > {{ plus_months(as_of(), -4) }}
        and amount >= {{ threshold('payroll_min_amount') }}
        and amount <= {{ threshold('payroll_max_amount') }}
),

series as (
    {{ monthly_series('credits', threshold('payroll_elsewhere_day_spread') | int, 1 - threshold('payroll_elsewhere_spread'), 1, threshold('payroll_months')) }}
)

select
    customer_id,
    counterparty as bank,
    cast(months_seen as integer) as months_seen,
    {{ money('median_amount') }} as median_amount,
    {{ as_of_column() }}
from series
