{{ config(materialized='view') }}
-- events_product: what has happened to the products that customers hold, in the last 30 days?
--
-- One row per customer, event_code, event_on and detail. What lies ahead is told on the day it came near.
{% set since = recent_since(30) %}
with deposit_maturing as (
    select
        customer_id,
        'deposit_maturing' as event_code,
        {{ plus_days('matures_on', '-' ~ threshold('maturity_ahead_days')) }} as event_on,
        sum(balance) as amount,
        {{ as_text('matures_on') }} as detail
    from {{ ref('deposit_accounts') }}
    where account_type <> 'demand' and status <> 'closed' and balance > 0
        and matures_on >= {{ plus_days(since, threshold('maturity_ahead_days')) }}
        and matures_on <= {{ plus_days(as_of(), threshold('maturity_ahead_days')) }}
    group by customer_id, matures_on
),

-- a product without an end opens for redemption: the same occasion
wealth_maturing as (
    select
        customer_id,
        'wealth_maturing' as event_code,
        {{ plus_days('coalesce(matures_on, next_open_on)', '-' ~ threshold('wealth_maturity_ahead_days')) }} as event_on,
        sum(market_value) as amount,
        {{ as_text('coalesce(matures_on, next_open_on)') }} as detail
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held' and market_value > 0
        and coalesce(matures_on, next_open_on) >= {{ plus_days(since, threshold('wealth_maturity_ahead_days')) }}
        and coalesce(matures_on, next_open_on) <= {{ plus_days(as_of(), threshold('wealth_maturity_ahead_days')) }}
    group by customer_id, coalesce(matures_on, next_open_on)
),

loan_settled as (
    select
        customer_id,
        'loan_settled' as event_code,
        settled_on as event_on,
        sum(principal) as amount,
        loan_type as detail
    from {{ ref('stg_lending__loans') }}
    where status = 'settled' and settled_on >= {{ since }} and settled_on <= {{ as_of() }}
    group by customer_id, settled_on, loan_type
),

mortgage_years as (
    select
        customer_id,
        opened_on,
        balance,
        cast(floor({{ full_months_between(as_of(), 'opened_on') }} / 12) as integer) as years
    from {{ ref('stg_lending__loans') }}
    where loan_type = 'mortgage' and status in ('performing', 'overdue', 'npl')
),

mortgage_anniversary as (
    select
        customer_id,
        'mortgage_anniversary' as event_code,
        {{ plus_months('opened_on', 'years * 12') }} as event_on,
        sum(balance) as amount,
        {{ as_text('years') }} as detail
    from mortgage_years
    where years >= 1 and {{ plus_months('opened_on', 'years * 12') }} >= {{ since }}
    group by customer_id, {{ plus_months('opened_on', 'years * 12') }}, years
),

student_graduating as (
    select
        customer_id,
        'student_graduating' as event_code,
        {{ plus_days('graduates_on', '-' ~ threshold('student_graduating_ahead_days')) }} as event_on,
        sum(balance) as amount,
        {{ as_text('graduates_on') }} as detail
    from {{ ref('stg_lending__loans') }}
    where status in ('performing', 'overdue', 'npl')
        and graduates_on >= {{ plus_days(since, threshold('student_graduating_ahead_days')) }}
        and graduates_on <= {{ plus_days(as_of(), threshold('student_graduating_ahead_days')) }}
    group by customer_id, graduates_on
),

card_approved as (
    select
        customer_id,
        'card_approved' as event_code,
        approved_on as event_on,
        credit_limit as amount,
        card_id as detail
    from {{ ref('stg_cards__credit_cards') }}
    where approved_on >= {{ since }} and approved_on <= {{ as_of() }}
),

card_first_used as (
    select
        customer_id,
        'card_first_used' as event_code,
        first_used_on as event_on,
        cast(null as decimal(18, 2)) as amount,
        card_id as detail
    from {{ ref('stg_cards__credit_cards') }}
    where first_used_on >= {{ since }} and first_used_on <= {{ as_of() }}
),

merchant_signed as (
    select
        customer_id,
        'merchant_signed' as event_code,
        signed_on as event_on,
        cast(null as decimal(18, 2)) as amount,
        merchant_id as detail
    from {{ ref('stg_acquiring__merchants') }}
    where signed_on >= {{ since }} and signed_on <= {{ as_of() }}
),

merchant_alert_raised as (
    select
        customer_id,
        'merchant_alert_raised' as event_code,
        merchant_alert_raised_on as event_on,
        merchant_base_amount as amount,
        merchant_id as detail
    from {{ ref('merchant_labels') }}
    where merchant_alert_raised_on >= {{ since }}
)

{% for origin in [
    'deposit_maturing', 'wealth_maturing', 'loan_settled', 'mortgage_anniversary', 'student_graduating', 'card_approved',
    'card_first_used', 'merchant_signed', 'merchant_alert_raised'
] -%}
select customer_id, event_code, event_on, {{ money('amount') }} as amount, detail, {{ as_of_column() }} from {{ origin }}
{{ 'union all' if not loop.last }}
{% endfor %}
