-- merchant_labels: how is each merchant doing, and how bad is a decline?
--
-- One row per merchant whose contract is not closed. Within an episode (merchant_episodes) the level is the worst of the
-- last 7 days against the fixed base: it rises at once and falls after 7 better days. Outside it is 0.
with current_episodes as (
    select merchant_id, started_on, base_amount
    from {{ ref('merchant_episodes') }}
    where ended_on is null
),

path as (
    select
        days.merchant_id,
        days.day,
        current_episodes.started_on,
        current_episodes.base_amount,
        max({{ alert_level('days.settled_30d_amount', 'current_episodes.base_amount', 'days.idle_days') }}) over (
            partition by days.merchant_id order by days.day nulls last
            rows between {{ threshold('merchant_better_days') - 1 }} preceding and current row
        ) as alert_level
    from {{ ref('merchant_days') }} as days
    inner join current_episodes on days.merchant_id = current_episodes.merchant_id and days.day >= current_episodes.started_on
),

alerts as (
    select
        merchant_id,
        max(started_on) as since_on,
        max(base_amount) as base_amount,
        max(case when alert_level > level_before then day end) as raised_on,
        max(case when day = {{ as_of() }} then alert_level end) as alert_level
    from (
        select *, coalesce(lag(alert_level) over (partition by merchant_id order by day nulls last), 0) as level_before
        from path
    ) as steps
    group by merchant_id
),

-- one payer is told apart by day only: the days with enough payments for a largest one to mean something
payers as (
    select
        merchant_id,
        sum(payer_count) as payer_count,
        sum(txn_count) as txn_count,
        sum(case when txn_count >= {{ threshold('merchant_top_payer_min_count') }} then top_payer_amount end) as top_payer_amount,
        sum(case when txn_count >= {{ threshold('merchant_top_payer_min_count') }} and top_payer_amount is not null then amount end) as payments_amount
    from {{ ref('stg_acquiring__merchant_daily') }}
    where biz_date > {{ plus_days(as_of(), -30) }}
    group by merchant_id
),

-- the settlement account's average balance of the last 30 days: each balance weighs the days that it stood
balances as (
    select
        balances.account_id,
        greatest(balances.balance, 0) as balance,
        greatest(balances.biz_date, {{ plus_days(as_of(), -29) }}) as stood_from,
        lead(balances.biz_date) over (partition by balances.account_id order by balances.biz_date nulls last) as stood_until
    from {{ ref('stg_core__account_balances') }} as balances
    inner join (
        select distinct settlement_account_id
        from {{ ref('stg_acquiring__merchants') }}
        where status <> 'closed'
    ) as merchants on balances.account_id = merchants.settlement_account_id
    -- every open account has a row on each month's last day
    where balances.biz_date >= last_day({{ plus_months(plus_days(as_of(), -29), -1) }})
),

kept as (
    select
        account_id,
        sum(balance * greatest({{ days_between('coalesce(stood_until, ' ~ plus_days(as_of(), 1) ~ ')', 'stood_from') }}, 0)) as balance_days
    from balances
    group by account_id
)

select
    merchants.merchant_id,
    merchants.customer_id,
    merchants.branch_id,
    merchants.manager_id,
    days.settled_30d_amount as merchant_settlement_30d_amount,
    coalesce(alerts.base_amount, days.usual_amount) as merchant_base_amount,
    cast(case
        when alerts.merchant_id is not null then alerts.alert_level
        when days.usual_amount >= {{ threshold('merchant_rated_base') }} then 0
    end as integer) as merchant_alert_level,
    alerts.since_on as merchant_alert_since_on,
    alerts.raised_on as merchant_alert_raised_on,
    days.idle_days as merchant_idle_days,
    {{ rate('kept.balance_days', 'days.settled_30d_amount * 30') }} as merchant_retained_share,
    coalesce(
        payers.payer_count < payers.txn_count * {{ threshold('merchant_suspicious_payer_share') }}
        or payers.top_payer_amount > payers.payments_amount * {{ threshold('merchant_suspicious_top_share') }}, false
    ) as is_merchant_suspicious,
    {{ as_of_column() }}
from {{ ref('stg_acquiring__merchants') }} as merchants
left join {{ ref('merchant_days') }} as days on merchants.merchant_id = days.merchant_id and days.day = {{ as_of() }}
left join alerts on merchants.merchant_id = alerts.merchant_id
left join payers on merchants.merchant_id = payers.merchant_id
left join kept on merchants.settlement_account_id = kept.account_id
where merchants.status <> 'closed'
