-- initiative_blocks: on which days did customers do something themselves?
--
-- One row per customer and block of 60 days (0 = the last 60 days, 1 = the 60 before, …) with at least one such day:
-- the first, the last and their number. First and last are all that dormancy asks: two days in one block are two days
-- within 60. A day counts by a log-in to the mobile bank or by an own-initiative transaction: money going out, or cash
-- paid in at a counter or machine; not interest, fee, tax, court or reversal, no standing order, no batch, and nothing
-- that the bank marks as not started by the customer.
{{ initiative('biz_date > ' ~ earlier_to()) }},

logins as (
    {{ logins_by_block('biz_date > ' ~ late_to('channels.app_activity')) }}
    union all
    select customer_id, block, oldest_age, newest_age, days_seen
    from {{ ref('earlier_logins') }}
),

blocks as (
    select accounts.customer_no, earlier.block, earlier.oldest_age, earlier.newest_age, earlier.days_seen
    from {{ ref('earlier_initiative') }} as earlier
    inner join {{ ref('deposit_accounts') }} as accounts on earlier.account_no = accounts.account_no
    union all
    select accounts.customer_no, account_blocks.block, account_blocks.oldest_age, account_blocks.newest_age, account_blocks.days_seen
    from account_blocks
    inner join {{ ref('deposit_accounts') }} as accounts on account_blocks.account_id = accounts.account_id
    union all
    select customers.customer_no, logins.block, logins.oldest_age, logins.newest_age, logins.days_seen
    from logins
    inner join {{ ref('customer_numbers') }} as customers on logins.customer_id = customers.customer_id
),

sums as (
    select
        customer_no,
        block,
        max(oldest_age) as oldest_age,
        min(newest_age) as newest_age,
        bit_or(days_seen) as days_seen
    from blocks
    group by customer_no, block
)

select
    customers.customer_id,
    sums.block,
    {{ plus_days(as_of(), '-sums.oldest_age') }} as first_on,
    {{ plus_days(as_of(), '-sums.newest_age') }} as last_on,
    cast(bit_count(sums.days_seen) as integer) as day_count,
    {{ as_of_column() }}
from sums
inner join {{ ref('customer_numbers') }} as customers on sums.customer_no = customers.customer_no
