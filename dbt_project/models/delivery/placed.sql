-- placed: at which branch is each forwarded candidacy worked, and does it fit into the day?
--
-- One row per candidacy that went forward. Branch by the list's rule (home, the merchant's, the newest loan's, or the
-- nearest); one closed for good hands over to its successor, else to the unit above; one not at work today has no seat.
-- Seats go to minimums per list, the explore slots, priority, then who was first; whoever has a seat is ranked by
-- priority. A list with a most per branch gets no more seats than that there; what lies beyond it waits for the list's
-- own places. Ghosts take no seat: one that would have been shown is held out, and the next row takes its place.
-- Who waits goes to the list's central channel, once, as far as that channel has room; it stays there while its lead is open.
{% set order = 'priority desc nulls last, first_listed_on asc nulls last, list, subject_id' %}
with loans as (
    select loans.customer_id, loans.branch_id, loans.manager_id
    from {{ ref('stg_lending__loans') }} as loans
    semi join {{ ref('contenders') }} as contenders
        on loans.customer_id = contenders.subject_id and contenders.branch_rule = 'loan' and contenders.outcome = 'forward'
    qualify row_number() over (
        partition by loans.customer_id
        order by case when loans.status in ('performing', 'overdue', 'npl') then 0 else 1 end, loans.opened_on desc nulls last, loans.loan_id
    ) = 1
),

homes as (
    {{ branch_homes() }}
),

forwarded as (
    select
        contenders.list, contenders.subject_id, contenders.priority, contenders.first_listed_on, contenders.open_lead_id,
        contenders.is_ghost, contenders.is_explore, contenders.central_channel,
        coalesce(contenders.is_central_ghost, false) as is_central_ghost,
        -- whom the channel may reach no more comes back to the branch
        coalesce(contenders.is_with_centre, false) and contenders.central_channel is not null as is_with_centre,
        contenders.min_per_branch, contenders.most_per_branch, contenders.home_branch_id,
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
    left join {{ ref('label_merchant') }} as label_merchant
        on contenders.branch_rule = 'merchant' and contenders.subject_id = label_merchant.customer_id
    left join {{ ref('stg_acquiring__merchants') }} as merchants on label_merchant.merchant_id = merchants.merchant_id
    left join loans on contenders.branch_rule = 'loan' and contenders.subject_id = loans.customer_id
    where contenders.outcome = 'forward'
),

homed as (
    select
        forwarded.*,
        coalesce(homes.branch_id, own_homes.branch_id) as branch_id,
        at_work.branch_id is not null as is_at_work,
        coalesce(at_work.capacity, 0) as capacity
    from forwarded
    left join homes on forwarded.wanted_branch_id = homes.unit_id
    left join homes as own_homes on forwarded.home_branch_id = own_homes.unit_id
    left join {{ ref('branch_capacity') }} as at_work on coalesce(homes.branch_id, own_homes.branch_id) = at_work.branch_id
),

-- how many of its list are shown before this row at this branch
within_list as (
    select
        *,
        cast(coalesce(sum(case when is_ghost or is_with_centre then 0 else 1 end) over (
            partition by branch_id, list order by {{ order }}
            rows between unbounded preceding and 1 preceding
        ), 0) as integer) as list_before
    from homed
),

limited as (
    select
        *,
        list_before < coalesce(min_per_branch, 0) as has_minimum_seat,
        coalesce(list_before >= most_per_branch, false) as is_list_full
    from within_list
),

-- and of the explore slice, of those whose list has a place left
explored as (
    select
        *,
        cast(coalesce(sum(case when is_ghost or is_with_centre or is_list_full then 0 else 1 end) over (
            partition by branch_id, is_explore
            order by case when open_lead_id is null then 1 else 0 end, md5(concat('explore|', subject_id, '|', list, '|{{ cycle() }}')), list, subject_id
            rows between unbounded preceding and 1 preceding
        ), 0) as integer) as explore_before
    from limited
),

seated as (
    select
        *,
        is_explore and not is_list_full
        and explore_before < ceil(capacity * cast({{ var('control').explore_share }} as decimal(9, 6))) as has_explore_seat
    from explored
),

counted as (
    select
        *,
        cast(coalesce(sum(case when is_ghost or is_with_centre or is_list_full then 0 else 1 end) over (
            partition by branch_id
            order by case when has_minimum_seat then 0 else 1 end, case when has_explore_seat then 0 else 1 end, {{ order }}
            rows between unbounded preceding and 1 preceding
        ), 0) as integer) as shown_before
    from seated
),

fitted as (
    select
        *,
        shown_before < capacity and not is_list_full and not is_with_centre and branch_id is not null as has_room,
        case
            when branch_id is not null and not is_ghost and open_lead_id is null and (shown_before >= capacity or is_list_full)
                then central_channel
        end as handed_to
    from counted
),

-- a channel's control group takes no place there either
handed as (
    select
        *,
        cast(coalesce(sum(case when is_central_ghost then 0 else 1 end) over (
            partition by handed_to order by {{ order }} rows between unbounded preceding and 1 preceding
        ), 0) as integer) < case handed_to{% for channel, rule in var('central').items() %} when '{{ channel }}' then {{ rule.capacity }}
        {%- endfor %} else 0 end as has_central_room
    from fitted
),

stated as (
    select
        *,
        case
            when branch_id is null then 'dropped'
            when is_with_centre then 'central_channel'
            when has_room and is_ghost then 'held_out'
            when has_room then 'listed'
            when has_central_room and is_central_ghost then 'held_out'
            when has_central_room then 'central_channel'
            else 'waiting'
        end as state
    from handed
)

select
    list,
    subject_id,
    branch_id,
    wanted_branch_id,
    wanted_manager_id,
    has_explore_seat,
    state,
    case when state = 'waiting' then case when not is_at_work then 'branch_not_at_work' when is_list_full then 'list_full' else 'capacity' end end as waits_for,
    case when has_central_room or is_with_centre then central_channel end as central_channel,
    is_ghost or (state = 'held_out' and is_central_ghost) as is_ghost,
    case when state = 'listed' then cast(row_number() over (partition by branch_id, state order by {{ order }}) as integer) end as branch_rank,
    case when state = 'waiting' then cast(row_number() over (partition by branch_id, state order by {{ order }}) as integer) end as waiting_rank,
    -- only those handed over today are in today's file
    case when state = 'central_channel' and not is_with_centre then cast(row_number() over (
        partition by state, is_with_centre, central_channel order by {{ order }}
    ) as integer) end as central_rank,
    {{ as_of_column() }}
from stated
