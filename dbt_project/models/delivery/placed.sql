-- placed: at which branch is each forwarded candidacy worked, and does it fit into the branch's day?
--
-- One row per candidacy that went forward. Branch by the list's rule (home, the merchant's, the newest loan's, or the nearest), closed branches
-- re-homed to their successor. Seats go to minimums per list, the explore slots, priority, then who was first; whoever
-- has a seat is ranked by priority. A list with a most per branch gets no more seats than that there; what lies beyond it
-- waits for the list's own places. Ghosts take no seat: one that would have been shown is held out, and the next row takes its place.
with loans as (
    select customer_id, branch_id, manager_id
    from {{ ref('stg_lending__loans') }}
    qualify row_number() over (
        partition by customer_id
        order by case when status in ('performing', 'overdue', 'npl') then 0 else 1 end, opened_on desc nulls last, loan_id
    ) = 1
),

forwarded as (
    select
        contenders.*,
        coalesce(case contenders.branch_rule
            when 'merchant' then merchants.branch_id
            when 'loan' then loans.branch_id
            when 'nearest' then contenders.nearest_branch_id
        end, contenders.home_branch_id) as wanted_branch_id,
        coalesce(case contenders.branch_rule
            when 'merchant' then merchants.manager_id
            when 'loan' then loans.manager_id
        end, contenders.manager_id) as wanted_manager_id
    from {{ ref('contenders') }} as contenders
    left join {{ ref('label_merchant') }} as label_merchant on contenders.subject_id = label_merchant.customer_id
    left join {{ ref('stg_acquiring__merchants') }} as merchants on label_merchant.merchant_id = merchants.merchant_id
    left join loans on contenders.subject_id = loans.customer_id
    where contenders.outcome = 'forward'
),

homed as (
    select
        forwarded.*,
        coalesce(open_branches.branch_id, successors.branch_id) as branch_id,
        coalesce(open_branches.capacity, successors.capacity) as capacity
    from forwarded
    left join {{ ref('branch_capacity') }} as open_branches on forwarded.wanted_branch_id = open_branches.branch_id
    left join {{ ref('stg_core__branches') }} as closed_branches on forwarded.wanted_branch_id = closed_branches.branch_id
    left join {{ ref('branch_capacity') }} as successors on closed_branches.successor_branch_id = successors.branch_id
),

within_list as (
    select
        *,
        cast(row_number() over (
            partition by branch_id, list, is_ghost order by priority desc nulls last, first_listed_on asc nulls last, subject_id
        ) as integer) as list_rank,
        cast(row_number() over (
            partition by branch_id, is_explore, is_ghost
            order by md5(concat('explore|', subject_id, '|', list, '|{{ var("list_date") }}')), subject_id
        ) as integer) as explore_rank,
        coalesce(sum(case when is_ghost then 0 else 1 end) over (
            partition by branch_id, list order by priority desc nulls last, first_listed_on asc nulls last, subject_id
            rows between unbounded preceding and 1 preceding
        ) >= most_per_branch, false) as is_list_full
    from homed
),

seated as (
    select
        *,
        is_explore and not is_ghost
            and explore_rank <= ceil(coalesce(capacity, 0) * cast({{ var('control').explore_share }} as decimal(9, 6))) as has_explore_seat
    from within_list
),

counted as (
    select
        *,
        cast(coalesce(sum(case when is_ghost or is_list_full then 0 else 1 end) over (
            partition by branch_id
            order by
                case when list_rank <= min_per_branch then 0 else 1 end, case when has_explore_seat then 0 else 1 end,
                priority desc nulls last, first_listed_on asc nulls last, list, subject_id
            rows between unbounded preceding and 1 preceding
        ), 0) as integer) as shown_before
    from seated
),

fitted as (
    select *, shown_before < capacity and not is_list_full as has_room
    from counted
)

select
    list,
    subject_id,
    branch_id,
    wanted_branch_id,
    wanted_manager_id,
    has_explore_seat,
    case
        when branch_id is null then 'dropped'
        when not has_room then 'waiting'
        when is_ghost then 'held_out'
        else 'listed'
    end as state,
    case when has_room then null when is_list_full then 'list_full' else 'capacity' end as waits_for,
    case when branch_id is not null and has_room and not is_ghost then cast(row_number() over (
        partition by branch_id, has_room and not is_ghost
        order by priority desc nulls last, first_listed_on asc nulls last, list, subject_id
    ) as integer) end as branch_rank,
    {{ as_of_column() }}
from fitted
