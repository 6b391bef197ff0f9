-- time_maturities: which time deposits matured, and did the customer renew?
--
-- One row per customer and day of maturity in the last 375 days. A time deposit matured when it is past its maturity,
-- paid out on or after that day (earlier is a withdrawal, not a maturity), or rolled over: active, with balances older
-- than its opening day. It counts as renewed when it rolled over, or when the customer made new time deposits of at
-- least 80 % of the sum from 3 days before to 10 days after. One that lies on in its account is not renewed. The sum is
-- the largest balance that the deposit had.
with deposits as (
    select *
    from {{ ref('deposit_accounts') }}
    where account_type in ('time', 'cd') and matures_on is not null
),

matured as (
    select
        customer_id,
        matures_on as matured_on,
        largest_balance as amount,
        case when status = 'closed' then 0 else balance end as lying_amount,
        false as is_rolled
    from deposits
    where matures_on <= {{ as_of() }}
        and matures_on >= {{ plus_days(as_of(), -375) }}
        and (status <> 'closed' or closed_on >= matures_on)
    union all
    select customer_id, opened_on as matured_on, largest_balance as amount, 0 as lying_amount, true as is_rolled
    from deposits
    where first_balance_on < opened_on
        and opened_on <= {{ as_of() }}
        and opened_on >= {{ plus_days(as_of(), -375) }}
),

by_day as (
    select
        customer_id,
        matured_on,
        sum(amount) as amount,
        sum(lying_amount) as lying_amount,
        sum(case when is_rolled then amount else 0 end) as rolled_amount
    from matured
    group by customer_id, matured_on
),

renewals as (
    select
        by_day.customer_id,
        by_day.matured_on,
        sum(new_deposits.largest_balance) as new_amount
    from by_day
    inner join deposits as new_deposits
        on by_day.customer_id = new_deposits.customer_id
        and new_deposits.opened_on >= {{ plus_days('by_day.matured_on', '-' ~ threshold('rollover_days_before')) }}
        and new_deposits.opened_on <= {{ plus_days('by_day.matured_on', threshold('rollover_days_after')) }}
        and new_deposits.first_balance_on >= new_deposits.opened_on
    group by by_day.customer_id, by_day.matured_on
)

select
    by_day.customer_id,
    by_day.matured_on,
    {{ money('by_day.amount') }} as matured_amount,
    {{ money('by_day.lying_amount') }} as lying_amount,
    by_day.rolled_amount + coalesce(renewals.new_amount, 0) >= {{ threshold('rollover_share') }} * by_day.amount as is_renewed,
    {{ as_of_column() }}
from by_day
left join renewals on by_day.customer_id = renewals.customer_id and by_day.matured_on = renewals.matured_on
where by_day.amount > 0
