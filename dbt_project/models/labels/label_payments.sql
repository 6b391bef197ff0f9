-- label_payments: what does this customer pay for, and by which means?
--
-- One row per customer. What a payment was for is told by its texts (recognised_payments, patterns.csv); each counts
-- once. Most bills come round within a quarter; schools are paid twice a year, so they are looked at over
-- half a year. Unknown where the bank's transactions begin later than the window, or come without any text.
{% set texts -%}
(
    select memo from {{ ref('stg_core__transactions') }}
    where direction = 'out' and biz_date > {{ plus_days(as_of(), -90) }} and (counterparty_name is not null or memo is not null)
) as texts
{%- endset %}
with coverage as (
    select
        transactions_from <= {{ plus_days(as_of(), -89) }} as has_90_days,
        transactions_from <= {{ plus_days(as_of(), -89) }} and {{ delivered(texts) }} as has_90_days_of_texts,
        transactions_from <= {{ plus_days(as_of(), -179) }} and {{ delivered(texts) }} as has_180_days_of_texts,
        {{ delivered(ref('stg_crm__relations')) }} as has_relations,
        {{ delivered(ref('stg_channels__etc_contracts')) }} as has_etc_contracts
    from {{ ref('data_coverage') }}
),

recognised as (
    select
        customer_id,
        {%- for kind in ['rent', 'utility', 'insurance', 'toll', 'lease'] %}
        sum(case when kind = '{{ kind }}' and biz_date > {{ plus_days(as_of(), -90) }} then amount else 0 end) as {{ kind }}_amount,
        {%- endfor %}
        sum(case when kind = 'tuition' then amount else 0 end) as tuition_amount,
        sum(case when kind = 'tuition' then 1 else 0 end) as tuition_count,
        sum(case when kind = 'beauty' and biz_date > {{ plus_days(as_of(), -90) }} then 1 else 0 end) as beauty_count
    from {{ ref('recognised_payments') }}
    where direction = 'out' and kind in ('rent', 'utility', 'insurance', 'toll', 'lease', 'tuition', 'beauty')
    group by customer_id
),

brokers as (
    select customer_id, sum(case when direction = 'out' then amount else -amount end) as securities_amount
    from {{ ref('outside_movements') }}
    where kind = 'securities' and biz_date > {{ plus_days(as_of(), -90) }}
    group by customer_id
),

relatives as (
    select customer_id, related_customer_id
    from {{ ref('stg_crm__relations') }}
    where relation_type in ('spouse', 'parent')
    union
    select related_customer_id as customer_id, customer_id as related_customer_id
    from {{ ref('stg_crm__relations') }}
    where relation_type in ('spouse', 'parent')
),

relatives_accounts as (
    select payers.account_id, payees.account_id as counterparty_account, relatives.customer_id
    from relatives
    inner join {{ ref('stg_core__accounts') }} as payers on relatives.customer_id = payers.customer_id
    inner join {{ ref('stg_core__accounts') }} as payees on relatives.related_customer_id = payees.customer_id
    where relatives.customer_id <> relatives.related_customer_id
),

-- as a union each transaction stands once, whether the relation or the memo tells
support as (
    select customer_id, txn_id, amount
    from {{ ref('recognised_payments') }}
    where kind = 'household' and direction = 'out' and biz_date > {{ plus_days(as_of(), -90) }}
    union
    select relatives_accounts.customer_id, transfers.txn_id, transfers.amount
    from {{ ref('inside_transfers') }} as transfers
    inner join relatives_accounts
        on transfers.account_id = relatives_accounts.account_id
        and transfers.counterparty_account = relatives_accounts.counterparty_account
    where transfers.direction = 'out' and transfers.biz_date > {{ plus_days(as_of(), -90) }}
),

households as (
    select support.customer_id, sum(support.amount) as household_amount
    from support
    anti join {{ ref('reversed_transactions') }} as reversed on support.txn_id = reversed.txn_id
    group by support.customer_id
),

drivers as (
    select customer_id
    from {{ ref('stg_channels__etc_contracts') }}
    where status = 'active'
    union
    select customer_id
    from {{ ref('stg_lending__loans') }}
    where loan_type = 'auto' and status in ('performing', 'overdue', 'npl')
    union
    select customer_id
    from recognised
    where toll_amount >= {{ threshold('car_owner_toll_from') }}
)

select
    customers.customer_id,
    {%- for kind in ['rent', 'utility', 'insurance', 'toll', 'lease'] %}
    case when coverage.has_90_days_of_texts then {{ money('coalesce(recognised.' ~ kind ~ '_amount, 0)') }} end as {{ kind }}_90d_amount,
    {%- endfor %}
    case when coverage.has_180_days_of_texts then cast(coalesce(recognised.tuition_count, 0) as integer) end as tuition_180d_count,
    case when coverage.has_180_days_of_texts then {{ money('coalesce(recognised.tuition_amount, 0)') }} end as tuition_180d_amount,
    case when coverage.has_90_days_of_texts then {{ money('coalesce(brokers.securities_amount, 0)') }} end as securities_90d_amount,
    case when coverage.has_90_days and coverage.has_relations then {{ money('coalesce(households.household_amount, 0)') }} end
        as household_90d_amount,
    case when coverage.has_90_days_of_texts then cast(coalesce(recognised.beauty_count, 0) as integer) end as beauty_90d_count,
    case when coverage.has_90_days then {{ rate('means.third_party_amount', 'means.paid_amount') }} end as third_party_pay_share,
    case when coverage.has_90_days then {{ rate('means.cash_amount', 'means.out_amount') }} end as cash_share,
    case
        when drivers.customer_id is not null then true
        when coverage.has_etc_contracts then false
    end as is_car_owner,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join coverage
left join recognised on customers.customer_id = recognised.customer_id
left join brokers on customers.customer_id = brokers.customer_id
left join households on customers.customer_id = households.customer_id
left join {{ ref('payment_means') }} as means on customers.customer_id = means.customer_id
left join drivers on customers.customer_id = drivers.customer_id
