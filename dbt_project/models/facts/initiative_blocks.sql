-- initiative_blocks: on which days did customers do something themselves?
--
-- One row per customer and block of 60 days (0 = the last 60 days, 1 = the 60 before, …) with at least one such day:
-- the first, the last and their number. First and last are all that dormancy asks: two days in one block are two days
-- within 60. A day counts by a log-in to the mobile bank or by an own-initiative transaction: money going out, or cash
-- paid in at a counter or machine; not interest, fee, tax, court or reversal, no standing order, no batch, and nothing
-- that the bank marks as not started by the customer.
with days as (
    select
        account_id,
        {{ days_between(as_of(), 'biz_date') }} as age
    from {{ ref('stg_core__transactions') }}
    where channel <> 'batch'
        and txn_type not in ('interest', 'fee', 'tax', 'court', 'reversal', 'standing_order')
        and (direction = 'out' or (txn_type = 'cash' and channel in ('counter', 'atm')))
        and coalesce(is_customer_initiated, true)
),

account_blocks as (
    select
        account_id,
        cast(floor(age / 60) as integer) as block,
        max(age) as oldest_age,
        min(age) as newest_age,
        bit_or(cast(power(2, age % 60) as bigint)) as days_seen
    from days
    group by account_id, cast(floor(age / 60) as integer)
),

login_days as (
    select customer_id, {{ days_between(as_of(), 'biz_date') }} as age
    from {{ ref('stg_channels__app_activity') }}
    where login_count > 0
),

blocks as (
    select accounts.customer_id, account_blocks.block, account_blocks.oldest_age, account_blocks.newest_age, account_blocks.days_seen
    from account_blocks
    inner join {{ ref('stg_core__accounts') }} as accounts on account_blocks.account_id = accounts.account_id
    union all
    select
        customer_id,
        cast(floor(age / 60) as integer) as block,
        max(age) as oldest_age,
        min(age) as newest_age,
        bit_or(cast(power(2, age % 60) as bigint)) as days_seen
    from login_days
    group by customer_id, cast(floor(age / 60) as integer)
)

select
    customer_id,
    block,
    {{ plus_days(as_of(), '-max(oldest_age)') }} as first_on,
    {{ plus_days(as_of(), '-min(newest_age)') }} as last_on,
    cast(bit_count(bit_or(days_seen)) as integer) as day_count,
    {{ as_of_column() }}
from blocks
group by customer_id, block
