-- preference_features: how does each customer deal with the bank, in numbers that can be compared?
--
-- One row per customer; every feature lies between 0 and 1, in ten-thousandths. What is not known counts as 0, and money
-- tells habits only by its shares: how rich somebody is makes no cluster. has_behaviour: anything done at all.
with known as (
    select
        channels.customer_id,
        coalesce(channels.app_active_days_90d, 0) as app_days,
        flows.branch_visits_90d as visit_days,
        coalesce(activity.own_initiative_days_60d, 0) as own_days,
        coalesce(payments.third_party_pay_share, 0) as wallet_share,
        coalesce(payments.cash_share, 0) as cash_share,
        greatest(coalesce(cards.card_spend_90d_amount, 0), 0) as card_amount,
        coalesce(flows.monthly_outflow_median_amount, 0) * 3 as outflow_amount,
        worth.aum,
        worth.time_balance,
        worth.wealth_balance,
        coalesce(lending.has_loan, false) as has_loan
    from {{ ref('label_channel') }} as channels
    inner join {{ ref('label_flow') }} as flows on channels.customer_id = flows.customer_id
    inner join {{ ref('label_activity') }} as activity on channels.customer_id = activity.customer_id
    inner join {{ ref('label_payments') }} as payments on channels.customer_id = payments.customer_id
    inner join {{ ref('label_card') }} as cards on channels.customer_id = cards.customer_id
    inner join {{ ref('label_value') }} as worth on channels.customer_id = worth.customer_id
    inner join {{ ref('label_lending') }} as lending on channels.customer_id = lending.customer_id
)

select
    customer_id,
    app_days > 0 or visit_days > 0 or own_days > 0 or card_amount > 0 as has_behaviour,
    {{ ten_thousandths('app_days', threshold('preference_app_days')) }} as app_use,
    {{ ten_thousandths('visit_days', threshold('preference_visit_days')) }} as branch_use,
    {{ ten_thousandths('wallet_share', 1) }} as wallet_use,
    {{ ten_thousandths('cash_share', 1) }} as cash_use,
    {{ ten_thousandths('card_amount', 'card_amount + outflow_amount') }} as card_use,
    {{ ten_thousandths('time_balance', 'aum') }} as time_share,
    {{ ten_thousandths('wealth_balance', 'aum') }} as wealth_share,
    cast(case when has_loan then 10000 else 0 end as bigint) as loan_use,
    {{ as_of_column() }}
from known
