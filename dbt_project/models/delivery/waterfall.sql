-- waterfall: where did every subject of the business date go?
--
-- One row per list ('*' for all lists together), kind of subject (customer, prospect, corporate), home branch, state and
-- reason, with the number of subjects. The counts of a list add up to all subjects of its kind, per branch and in all.
-- Overall ('*', once per kind) a subject counts once, by the best state reached on any list.
with base as (
    select 'customer' as subject_type, home_branch_id, cast(count(*) as bigint) as customer_count
    from {{ ref('customer_labels') }}
    group by home_branch_id
    union all
    select 'prospect' as subject_type, branch_id as home_branch_id, cast(count(*) as bigint) as customer_count
    from {{ ref('prospects') }}
    group by branch_id
    union all
    select 'corporate' as subject_type, branch_id as home_branch_id, cast(count(*) as bigint) as customer_count
    from {{ ref('stg_crm__corporates') }}
    group by branch_id
),

decided as (
    select list, subject_type, subject_id, home_branch_id, state, reason
    from {{ ref('decisions') }}
    where state <> 'not_a_candidate'
),

best as (
    select '*' as list, subject_type, subject_id, home_branch_id, state, reason
    from decided
    qualify row_number() over (
        partition by subject_type, subject_id
        order by
            case state when 'listed' then 1 when 'held_out' then 2 when 'central_channel' then 3 when 'waiting' then 4
                when 'withheld' then 5 when 'listed_elsewhere' then 6 else 7 end,
            list
    ) = 1
),

counted as (
    select list, subject_type, home_branch_id, state, reason, cast(count(*) as bigint) as customer_count
    from (
        select * from decided
        union all
        select * from best
    ) as rows_counted
    group by list, subject_type, home_branch_id, state, reason
),

lists as (
    select list, subject_type from {{ ref('list_rules') }}
    union all
    select distinct '*' as list, subject_type from base
),

counted_per_branch as (
    select list, subject_type, home_branch_id, sum(customer_count) as customer_count
    from counted
    group by list, subject_type, home_branch_id
),

rest as (
    select
        lists.list,
        base.subject_type,
        base.home_branch_id,
        'not_a_candidate' as state,
        'does_not_meet_who' as reason,
        cast(base.customer_count - coalesce(counted_per_branch.customer_count, 0) as bigint) as customer_count
    from base
    inner join lists on base.subject_type = lists.subject_type
    left join counted_per_branch
        on lists.list = counted_per_branch.list and base.subject_type = counted_per_branch.subject_type
            and base.home_branch_id is not distinct from counted_per_branch.home_branch_id
)

select list, subject_type, home_branch_id, state, reason, customer_count, {{ as_of_column() }}
from counted
union all
select list, subject_type, home_branch_id, state, reason, customer_count, {{ as_of_column() }}
from rest
