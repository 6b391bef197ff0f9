-- list_app_growth 手机银行培育: who uses the mobile bank a little, and does the rest elsewhere?
--
-- Who: app tier low or medium, and either two branch visits in 90 days or four fifths of the payments through wallets.
-- Order: log-in days missing for the next tier, functions never used, visits to the branch.
{% call(rule) marketing_list() %}
with users as (
    select
        customer_id,
        app_active_days_30d,
        case app_tier when 'low' then {{ threshold('app_medium_days') }} else {{ threshold('app_high_days') }} end as next_days
    from {{ ref('customer_labels') }}
    where app_tier in ('low', 'medium')
        and (branch_visits_90d >= {{ threshold('app_growth_visits_from', rule) }} or third_party_pay_share >= {{ threshold('app_growth_wallet_from', rule) }})
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    cast(next_days as integer) as app_next_tier_days,
    cast(next_days - app_active_days_30d as integer) as app_missing_days
from users
{% endcall %}
