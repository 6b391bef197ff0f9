{# Bookings that a fact takes from earlier days and adds the later ones to: of days for which `days` holds and of
   `accounts`, which gives account_no. #}

{# For customer_contributions: fees of twelve months, and what was given back. #}
{% macro fee_bookings(days, accounts) -%}
select
    fees.txn_id,
    numbered.account_no,
    cast(case when fees.direction = 'out' then fees.amount else -fees.amount end as decimal(18, 2)) as amount
from {{ ref('stg_core__transactions') }} as fees
inner join {{ accounts }} as numbered on fees.account_id = numbered.account_id
where fees.txn_type = 'fee' and fees.biz_date > {{ plus_months(as_of(), -12) }} and fees.{{ days }}
{%- endmacro %}

{# For large_purchases; the amount is read in the scan of transactions: few are so large. #}
{% macro purchases_from_large(days, accounts) -%}
select
    purchases.txn_id,
    numbered.account_no,
    purchases.biz_date,
    purchases.amount
from {{ ref('stg_core__transactions') }} as purchases
inner join {{ accounts }} as numbered on purchases.account_id = numbered.account_id
where purchases.txn_type = 'purchase'
    and purchases.direction = 'out'
    and purchases.amount >= {{ threshold('large_purchase_amount') }}
    and purchases.{{ days }}
{%- endmacro %}

{# For counter_days. #}
{% macro days_at_counter(days, accounts) -%}
select distinct
    numbered.account_no,
    visits.biz_date as visited_on
from {{ ref('stg_core__transactions') }} as visits
inner join {{ accounts }} as numbered on visits.account_id = numbered.account_id
where visits.channel = 'counter'
    and visits.biz_date >= {{ plus_days(as_of(), -90) }}
    and visits.txn_type not in ('interest', 'fee', 'tax', 'court', 'reversal')
    and coalesce(visits.is_customer_initiated, true)
    and visits.{{ days }}
{%- endmacro %}

{# For pension_credits: a first CTE. #}
{% macro pensions_by_account(days, accounts) -%}
with pensions as (
    select
        numbered.account_no,
        credits.biz_date as paid_on,
        cast(sum(credits.amount) as decimal(18, 2)) as amount
    from {{ ref('stg_core__transactions') }} as credits
    inner join {{ accounts }} as numbered on credits.account_id = numbered.account_id
    where credits.direction = 'in'
        and credits.txn_type = 'pension'
        and credits.biz_date > {{ plus_months(as_of(), -4) }}
        and credits.{{ days }}
    group by numbered.account_no, credits.biz_date
)
{%- endmacro %}

{# What was drawn of `pensions` within 72 hours: the day of the credit and the three after it, as booking times are often
   unknown. #}
{% macro drawn_of_pensions(pensions, days, accounts) -%}
select
    paid.account_no,
    paid.paid_on,
    cast(sum(withdrawals.amount) as decimal(18, 2)) as drawn_amount
from {{ ref('stg_core__transactions') }} as withdrawals
inner join (
    select
        numbered.account_id,
        credits.account_no,
        credits.paid_on
    from {{ pensions }} as credits
    inner join {{ accounts }} as numbered on credits.account_no = numbered.account_no
) as paid
    on withdrawals.account_id = paid.account_id
    and paid.paid_on <= withdrawals.biz_date
    and {{ plus_days('paid.paid_on', 3) }} >= withdrawals.biz_date
where withdrawals.direction = 'out'
    and withdrawals.biz_date > {{ plus_months(as_of(), -4) }}
    and (
        withdrawals.txn_type = 'cash'
        or (withdrawals.txn_type = 'transfer' and (withdrawals.counterparty_bank is not null or withdrawals.channel = 'third_party'))
    )
    and withdrawals.{{ days }}
group by paid.account_no, paid.paid_on
{%- endmacro %}
