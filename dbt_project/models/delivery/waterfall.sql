-- waterfall: where did every customer of the business date go?
--
-- One row per list ('*' for all lists together), home branch, state and reason, with the number of customers. The
-- counts of a list add up to all customers, per branch and in all. Overall a customer counts once, by the best state
-- reached on any list.
with base as (
    select home_branch_id, cast(count(*) as bigint) as customer_count
    from {{ ref('customer_labels') }}
    group by home_branch_id
),

customer_decisions as (
    select list, subject_id, home_branch_id, state, reason
    from {{ ref('decisions') }}
    where subject_type = 'customer' and state <> 'not_a_candidate'
),

best as (
    select '*' as list, subject_id, home_branch_id, state, reason
    from customer_decisions
    qualify row_number() over (
        partition by subject_id
        order by
            case state when 'listed' then 1 when 'held_out' then 2 when 'central_channel' then 3 when 'waiting' then 4
                when 'withheld' then 5 when 'listed_elsewhere' then 6 else 7 end,
            list
    ) = 1
),

counted as (
    select list, home_branch_id, state, reason, cast(count(*) as bigint) as customer_count
    from (
        select * from customer_decisions
        union all
        select * from best
    ) as decided
    group by list, home_branch_id, state, reason
),

lists as (
    select list from {{ ref('list_rules') }}
    union all
    select '*' as list
),

counted_per_branch as (
    select list, home_branch_id, sum(customer_count) as customer_count
    from counted
    group by list, home_branch_id
),

rest as (
    select
        lists.list,
        base.home_branch_id,
        'not_a_candidate' as state,
        'does_not_meet_who' as reason,
        cast(base.customer_count - coalesce(counted_per_branch.customer_count, 0) as bigint) as customer_count
    from base
    cross join lists
    left join counted_per_branch
        on lists.list = counted_per_branch.list and base.home_branch_id is not distinct from counted_per_branch.home_branch_id
)

select list, home_branch_id, state, reason, customer_count, {{ as_of_column() }}
from counted
union all
select list, home_branch_id, state, reason, customer_count, {{ as_of_column() }}
from rest
