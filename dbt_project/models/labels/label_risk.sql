-- label_risk: how much is overdue, and could this customer pay it?
--
-- One row per customer. For whoever collects: what lies here on demand, what matures within three months and what a month
-- usually leaves, held against everything overdue, written-off loans included, for these are still owed. Nothing overdue,
-- nothing to rate.
{% set months = month_ends(4) %}
with loans as (
    select
        customer_id,
        sum(overdue_amount) as overdue_amount,
        max(case when overdue_amount is null then 1 else 0 end) as is_unknown
    from {{ ref('loan_records') }}
    group by customer_id
),

lateness as (
    select
        customer_id,
        max(overdue_days) as days_late,
        max(case when status = 'written_off' then 1 else 0 end) as has_written_off
    from {{ ref('stg_lending__loans') }}
    where status <> 'settled'
    group by customer_id
),

-- the contract carries no amount overdue of a card: what is owed and not in instalments has been billed
cards as (
    select
        customer_id,
        max(overdue_days) as days_late,
        sum(case
            when overdue_days < {{ threshold('overdue_from_days') }} then 0
            when current_balance > instalment_balance then current_balance - instalment_balance
            else greatest(current_balance, 0)
        end) as overdue_amount
    from {{ ref('stg_cards__credit_cards') }}
    group by customer_id
),

maturing as (
    select customer_id, sum(balance) as amount
    from {{ ref('deposit_accounts') }}
    where account_type in ('time', 'cd') and status <> 'closed' and matures_on <= {{ plus_days(as_of(), 90) }}
    group by customer_id
),

inflows as (
    select customer_id, sum(inflow_amount - outflow_amount) as net_3m_amount
    from {{ ref('customer_month_flows') }}
    where month_end in (cast('{{ months[:3] | join("' as date), cast('") }}' as date))
    group by customer_id
),

known as (
    select
        balances.customer_id,
        {{ money('case when coalesce(loans.is_unknown, 0) = 0 then coalesce(loans.overdue_amount, 0) + coalesce(cards.overdue_amount, 0) end') }}
            as overdue_amount,
        greatest(coalesce(lateness.days_late, 0), coalesce(cards.days_late, 0)) as days_late,
        coalesce(lateness.has_written_off, 0) = 1 as has_written_off,
        -- in thirds of a unit, so that the mean of three months stays exact
        case
            when coverage.transactions_from <= {{ plus_days("cast('" ~ months[3] ~ "' as date)", 1) }}
                then 3 * (balances.demand_amount + coalesce(maturing.amount, 0)) + coalesce(inflows.net_3m_amount, 0)
        end as triple_means_amount,
        {{ delivered(ref('stg_lending__loans')) }} as knows_loans,
        {{ delivered(ref('stg_cards__credit_cards')) }} as knows_cards
    from {{ ref('customer_balances') }} as balances
    cross join {{ ref('data_coverage') }} as coverage
    left join loans on balances.customer_id = loans.customer_id
    left join lateness on balances.customer_id = lateness.customer_id
    left join cards on balances.customer_id = cards.customer_id
    left join maturing on balances.customer_id = maturing.customer_id
    left join inflows on balances.customer_id = inflows.customer_id
)

select
    customer_id,
    case when knows_loans or knows_cards then overdue_amount end as overdue_amount,
    case when knows_loans or knows_cards then cast(days_late as integer) end as max_days_late,
    case when knows_loans then has_written_off end as has_written_off,
    case
        when overdue_amount > 0 and triple_means_amount is not null then
            case
                {%- for grade in ['A', 'B', 'C'] %}
                when triple_means_amount >= 3 * {{ threshold('repayment_capacity_' ~ grade | lower) }} * overdue_amount then '{{ grade }}'
                {%- endfor %}
                when triple_means_amount > 0 then 'D'
                else 'E'
            end
    end as repayment_capacity,
    {{ as_of_column() }}
from known
