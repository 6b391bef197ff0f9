-- label_deposit: which deposits of this customer mature, will they stay, and where does money go?
--
-- One row per customer. Maturities are those of time deposits and certificates; one that has matured and lies on in its
-- account, or was paid out within the last week into a demand account that still holds it, is matured and not renewed
-- (到期未转). The window to work on goes from 7 days past to 15 days ahead: a week before, customers compare rates; a week
-- after, the money is about to leave.
{% set past = threshold('maturity_past_days') %}
{% set ahead = threshold('maturity_ahead_days') %}
with time_deposits as (
    select customer_id, matures_on, term_months, annual_rate, coalesce(auto_rollover, false) as is_auto, balance
    from {{ ref('deposit_accounts') }}
    where account_type in ('time', 'cd') and status <> 'closed' and balance > 0
),

newest_rates as (
    select product_code, term_months, annual_rate
    from {{ ref('stg_core__product_rates') }}
    where valid_from <= {{ as_of() }}
    qualify row_number() over (partition by product_code, term_months order by valid_from desc nulls last) = 1
),

best_rates as (
    select newest_rates.term_months, max(newest_rates.annual_rate) as annual_rate
    from newest_rates
    left join {{ ref('stg_core__products') }} as products on newest_rates.product_code = products.product_code
    where coalesce(products.is_on_sale, true) and coalesce(products.category, 'time') = 'time'  -- no loan rates
    group by newest_rates.term_months
),

maturing as (
    select
        deposits.customer_id,
        min(case when deposits.matures_on > {{ as_of() }} then deposits.matures_on end) as next_maturity_on,
        {%- for days in [7, 15, 30, 90] %}
        sum(case when deposits.matures_on > {{ as_of() }} and deposits.matures_on <= {{ plus_days(as_of(), days) }}
            then deposits.balance else 0 end) as matures_{{ days }}d_amount,
        {%- endfor %}
        sum(case when deposits.in_window then deposits.balance else 0 end) as window_amount,
        min(case when deposits.in_window then deposits.matures_on end) as window_from,
        sum(case when deposits.in_window and deposits.is_auto then deposits.balance else 0 end) as auto_amount,
        sum(case when deposits.in_window and rates.annual_rate is not null and deposits.annual_rate is not null
            then deposits.balance else 0 end) as rated_amount,
        sum(case when deposits.in_window then deposits.balance * (rates.annual_rate - deposits.annual_rate) end) as rate_gap_amount,
        sum(case when deposits.term_months > 0 then deposits.balance else 0 end) as termed_amount,
        sum(case when deposits.term_months > 0 then deposits.balance * deposits.term_months else 0 end) as amount_months
    from (
        select
            *,
            matures_on >= {{ plus_days(as_of(), '-' ~ past) }} and matures_on <= {{ plus_days(as_of(), ahead) }} as in_window
        from time_deposits
    ) as deposits
    left join best_rates as rates on deposits.term_months = rates.term_months
    group by deposits.customer_id
),

matured as (
    select
        customer_id,
        sum(case when matured_on >= {{ plus_days(as_of(), '-' ~ past) }} then lying_amount else 0 end) as lying_amount,
        sum(case when matured_on >= {{ plus_days(as_of(), '-' ~ past) }} and not is_renewed
            then matured_amount - lying_amount else 0 end) as paid_out_amount,
        min(case when matured_on >= {{ plus_days(as_of(), '-' ~ past) }} and not is_renewed
            and matured_amount > lying_amount then matured_on end) as paid_out_on,
        sum(case when matured_on <= {{ plus_days(as_of(), '-' ~ threshold('rollover_days_after')) }} then matured_amount else 0 end)
            as judged_amount,
        sum(case when matured_on <= {{ plus_days(as_of(), '-' ~ threshold('rollover_days_after')) }} and is_renewed
            then matured_amount else 0 end) as renewed_amount
    from {{ ref('time_maturities') }}
    group by customer_id
),

-- up to the business date: who opened two months ago has spent in the running month, if anywhere
spending as (
    select customer_id, {{ mean_of('sum(outflow_6m_amount) * 100', 6) }} as monthly_amount
    from {{ ref('customer_month_flows') }}
    group by customer_id
),

-- who spends all that stands on demand now has nothing idle, however low it stood
not_spent as (
    select balances.customer_no
    from {{ ref('customer_balances') }} as balances
    left join spending on balances.customer_id = spending.customer_id
    where balances.demand_amount > {{ threshold('idle_outflow_months') }} * coalesce(spending.monthly_amount, 0)
),

-- how far demand stood above today's at some evening of the last 30 days tells how far below it stood at another
demand_moves as (
    select
        changes.customer_no,
        sum(changes.change_amount) over (partition by changes.customer_no order by changes.changed_on desc nulls last) as change_since
    from {{ ref('customer_balance_changes') }} as changes
    semi join not_spent on changes.customer_no = not_spent.customer_no
    where changes.is_demand and changes.changed_on > {{ plus_days(as_of(), -29) }}
),

demand_lows as (
    select customer_no, max(change_since) as risen_amount
    from demand_moves
    group by customer_no
),

outside_by_bank as (
    select
        customer_id,
        counterparty_bank,
        max(case when direction = 'out' then 1 else 0 end) as has_outflow,
        {%- for days in [30, 90] %}
        sum(case when direction = 'out' and biz_date > {{ plus_days(as_of(), -days) }} then amount else 0 end) as outflow_{{ days }}d_amount,
        {%- endfor %}
        sum(case when direction = 'out' and kind = 'own_name' then amount else 0 end) as own_name_outflow_amount,
        sum(case when direction = 'in' and kind = 'own_name' then amount else 0 end) as own_name_inflow_amount
    from {{ ref('outside_movements') }}
    where biz_date > {{ plus_days(as_of(), -90) }}
    group by customer_id, counterparty_bank
),

outside as (
    select
        customer_id,
        {%- for days in [30, 90] %}
        sum(case when counterparty_bank is not null then outflow_{{ days }}d_amount else 0 end) as outflow_{{ days }}d_amount,
        {%- endfor %}
        sum(own_name_outflow_amount) as own_name_outflow_amount,
        sum(own_name_inflow_amount) as own_name_inflow_amount
    from outside_by_bank
    group by customer_id
),

destinations as (
    select customer_id, counterparty_bank
    from outside_by_bank
    where has_outflow = 1 and counterparty_bank is not null
    qualify row_number() over (partition by customer_id order by outflow_90d_amount desc nulls last, counterparty_bank nulls last) = 1
),

combined as (
    select
        balances.*,
        coverage.*,
        maturing.next_maturity_on,
        maturing.termed_amount,
        maturing.amount_months,
        {%- for days in [7, 15, 30, 90] %}
        {{ money('coalesce(maturing.matures_' ~ days ~ 'd_amount, 0)') }} as matures_{{ days }}d_amount,
        {%- endfor %}
        coalesce(maturing.window_amount, 0) as window_amount,
        maturing.window_from,
        coalesce(maturing.auto_amount, 0) as auto_amount,
        maturing.rated_amount,
        maturing.rate_gap_amount,
        coalesce(matured.lying_amount, 0) as lying_amount,
        least(coalesce(matured.paid_out_amount, 0), balances.demand_amount) as paid_out_amount,
        matured.paid_out_on,
        matured.judged_amount,
        matured.renewed_amount,
        greatest(0, balances.demand_amount - greatest(0, coalesce(demand_lows.risen_amount, 0))) as lowest_demand_amount,
        coalesce(spending.monthly_amount, 0) as monthly_spending_amount,
        coalesce(outside.outflow_30d_amount, 0) as outflow_30d_amount,
        coalesce(outside.outflow_90d_amount, 0) as outflow_90d_amount,
        coalesce(outside.own_name_outflow_amount, 0) as own_name_outflow_amount,
        coalesce(outside.own_name_inflow_amount, 0) as own_name_inflow_amount,
        destinations.counterparty_bank
    from {{ ref('customer_balances') }} as balances
    cross join (
        select
            transactions_from <= {{ plus_months(as_of(), -6) }} as has_half_year,
            transactions_from <= {{ plus_days(as_of(), -29) }} as has_30_days,
            transactions_from <= {{ plus_days(as_of(), -89) }} as has_90_days,
            has_counterparty_bank,
            has_own_name
        from {{ ref('data_coverage') }}
    ) as coverage
    left join maturing on balances.customer_id = maturing.customer_id
    left join matured on balances.customer_id = matured.customer_id
    left join demand_lows on balances.customer_no = demand_lows.customer_no
    left join spending on balances.customer_id = spending.customer_id
    left join outside on balances.customer_id = outside.customer_id
    left join destinations on balances.customer_id = destinations.customer_id
)

select
    customer_id,
    next_maturity_on,
    matures_7d_amount,
    matures_15d_amount,
    matures_30d_amount,
    matures_90d_amount,
    {{ money('lying_amount + paid_out_amount') }} as matured_7d_amount,
    case
        when paid_out_amount > 0 and window_from is not null then least(paid_out_on, window_from)
        when paid_out_amount > 0 then paid_out_on
        else window_from
    end as maturity_due_on,
    {{ money('window_amount + paid_out_amount') }} as maturity_window_amount,
    {{ rate('auto_amount', 'window_amount + paid_out_amount') }} as maturity_auto_share,
    {{ rate('rate_gap_amount', 'rated_amount') }} as maturity_rate_gap,
    {{ rate('renewed_amount', 'judged_amount') }} as rollover_rate_12m,
    {{ rate('demand_amount', 'demand_amount + time_amount') }} as demand_share,
    case when has_half_year and history_days >= 30 then
        {{ money('greatest(0, lowest_demand_amount - ' ~ threshold('idle_outflow_months') ~ ' * monthly_spending_amount)') }}
    end as idle_demand_balance,
    {{ money('aum_amount - aum_30d_ago_amount') }} as aum_change_30d_amount,
    {{ money('aum_amount - aum_90d_ago_amount') }} as aum_change_90d_amount,
    case when has_counterparty_bank and has_30_days then {{ money('outflow_30d_amount') }} end as other_bank_outflow_30d_amount,
    case when has_counterparty_bank and has_90_days then {{ money('outflow_90d_amount') }} end as other_bank_outflow_90d_amount,
    case when has_own_name and has_90_days then {{ money('own_name_outflow_amount') }} end as own_name_outflow_90d_amount,
    case when has_own_name and has_90_days then {{ money('own_name_inflow_amount') }} end as own_name_inflow_90d_amount,
    counterparty_bank as top_destination_bank,
    cast(floor(cast(amount_months as double) * 100 / nullif(cast(termed_amount as double), 0) + 0.5) / 100 as decimal(9, 2)) as average_term_months,
    {{ as_of_column() }}
from combined
