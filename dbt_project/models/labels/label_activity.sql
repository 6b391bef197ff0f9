-- label_activity: does this customer still use the bank, and since when not?
--
-- One row per customer. Dormant begins on the 180th day after the last day on which the customer did something (their
-- opening counts as one), with a 30-day average below 10 000 and no performing loan; a single day does not end it, two
-- within 60 days do, and so do an average of 10 000 or a new loan. All of it is found again from facts: after the last
-- pair of days within 60 the single days lie 60 and more apart, and dormancy began in the first gap of 180 days among
-- them; averages are looked at on month-ends and on the business date.
{% set ends = month_ends(13) %}
{% set quiet_days = threshold('dormant_days') %}
{% set blocks = quiet_days // 60 %}
with coverage as (
    select transactions_from
    from {{ ref('data_coverage') }}
),

loans as (
    select
        customer_id,
        max(case when status = 'performing' then 1 else 0 end) as is_performing,
        max(coalesce(settled_on, opened_on)) as last_loan_on
    from {{ ref('stg_lending__loans') }}
    group by customer_id
),

holders as (
    select customer_id
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held'
    union
    select customer_id
    from {{ ref('stg_lending__loans') }}
    where status in ('performing', 'overdue', 'npl')
    union
    select customer_id
    from {{ ref('stg_core__product_signups') }}
    where product_code = 'custody' and (cancelled_on is null or cancelled_on > {{ as_of() }})
),

customers as (
    select
        balances.customer_id,
        balances.opened_on,
        balances.aum_amount,
        greatest(balances.opened_on, coverage.transactions_from) as seen_from,
        {{ days_between(as_of(), 'coverage.transactions_from') }} + 1 as known_days,
        coalesce(balances.avg_30d_amount, 0) < {{ threshold('dormant_aum_below') }} as is_low,
        coalesce(loans.is_performing, 0) = 1 as has_performing_loan,
        greatest(
            balances.opened_on,
            coalesce({{ plus_days('loans.last_loan_on', 1) }}, balances.opened_on),
            coalesce(case
                {%- for month_end in ends %}
                when balances.month_end_avg_30d_{{ loop.index }}_amount >= {{ threshold('dormant_aum_below') }}
                    then {{ plus_days("cast('" ~ month_end ~ "' as date)", 1) }}
                {%- endfor %}
            end, balances.opened_on)
        ) as not_before
    from {{ ref('customer_balances') }} as balances
    cross join coverage
    left join loans on balances.customer_id = loans.customer_id
),

recent as (
    select
        customer_id,
        max(last_on) as last_on,
        sum(case when block = 0 then day_count else 0 end) as days_60d,
        -- two days in one of these blocks are a pair within 60 days, too near for 180 quiet ones
        max(case when block < {{ blocks }} then day_count else 0 end) as densest_block
    from {{ ref('initiative_blocks') }}
    group by customer_id
),

-- only who is low, without a loan and nearly silent for 180 days can be dormant
quiet as (
    select customers.customer_id, customers.seen_from, customers.not_before
    from customers
    left join recent on customers.customer_id = recent.customer_id
    where customers.is_low
        and not customers.has_performing_loan
        and coalesce(recent.densest_block, 0) <= 1
),

days as (
    select customer_id, seen_from as first_on, seen_from as last_on, 0 as day_count
    from quiet
    union all
    select blocks.customer_id, blocks.first_on, blocks.last_on, blocks.day_count
    from {{ ref('initiative_blocks') }} as blocks
    inner join quiet on blocks.customer_id = quiet.customer_id and blocks.last_on > quiet.seen_from
),

paired as (
    select
        *,
        day_count >= 2
        or coalesce({{ days_between('first_on', 'lag(last_on) over (partition by customer_id order by last_on nulls last)') }} < 60, false)
            as is_pair
    from days
),

since_pair as (
    select
        *,
        max(case when is_pair then last_on end) over (partition by customer_id) as last_pair_on,
        lead(first_on) over (partition by customer_id order by last_on nulls last) as next_on
    from paired
),

gaps as (
    select
        since_pair.customer_id,
        greatest({{ plus_days('since_pair.last_on', quiet_days) }}, quiet.not_before) as begins_on,
        coalesce(since_pair.next_on, {{ plus_days(as_of(), 1) }}) as ends_before
    from since_pair
    inner join quiet on since_pair.customer_id = quiet.customer_id
    where since_pair.last_pair_on is null or since_pair.last_on >= since_pair.last_pair_on
),

dormancy as (
    select customer_id, min(begins_on) as dormant_since_on
    from gaps
    where begins_on < ends_before
    group by customer_id
),

last_credits as (
    select accounts.customer_id, max(credits.last_credit_on) as last_credit_on
    from (
        select account_id, max(biz_date) as last_credit_on
        from {{ ref('stg_core__transactions') }}
        where direction = 'in'
            and txn_type not in ('interest', 'fee', 'tax', 'court', 'reversal')
            and biz_date > {{ plus_days(as_of(), '-' ~ threshold('sign_of_life_days')) }}
        group by account_id
    ) as credits
    inner join {{ ref('stg_core__accounts') }} as accounts on credits.account_id = accounts.account_id
    group by accounts.customer_id
),

judged as (
    select
        customers.*,
        recent.last_on,
        recent.days_60d,
        dormancy.dormant_since_on,
        case
            when dormancy.dormant_since_on is not null then true
            when customers.known_days > {{ quiet_days }} then false
            when recent.last_on is null and customers.opened_on < customers.seen_from and customers.is_low
                and not customers.has_performing_loan then null
            else false
        end as is_dormant,
        last_credits.last_credit_on,
        holders.customer_id is not null as has_holdings
    from customers
    left join recent on customers.customer_id = recent.customer_id
    left join dormancy on customers.customer_id = dormancy.customer_id
    left join last_credits on customers.customer_id = last_credits.customer_id
    left join holders on customers.customer_id = holders.customer_id
)

select
    customer_id,
    last_on as last_own_initiative_on,
    case when known_days >= 60 then cast(coalesce(days_60d, 0) as integer) end as own_initiative_days_60d,
    is_dormant,
    dormant_since_on,
    case
        when is_dormant then coalesce(
            greatest(last_on, last_credit_on) >= greatest(
                dormant_since_on, {{ plus_days(as_of(), 1 - threshold('sign_of_life_days')) }}
            ), false)
        else is_dormant
    end as has_sign_of_life,
    case
        when aum_amount > {{ threshold('long_dormant_balance') }} or has_holdings then false
        when {{ days_between(as_of(), 'greatest(opened_on, coalesce(last_on, opened_on))') }} < {{ threshold('long_dormant_days') }} then false
        when known_days >= {{ threshold('long_dormant_days') }} then true
    end as is_long_dormant,
    {{ as_of_column() }}
from judged
