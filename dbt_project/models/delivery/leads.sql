-- leads: what does each branch receive today: whom to call, in which order, and who makes the call?
--
-- One row per listed lead. Owner: whoever manages that customer (or that merchant) there and is present, else the
-- substitute, else the present managers of the list's role in turn, else the branch's queue (no owner). Nobody keeps
-- more of their own customers than a day's capacity; what is over goes round in turn.
with listed as (
    select decisions.*, rules.purpose, rules.product_family, rules.offer, rules.owner_role
    from {{ ref('decisions') }} as decisions
    inner join {{ ref('list_rules') }} as rules on decisions.list = rules.list
    where decisions.state = 'listed'
),

wanted as (
    select
        listed.list,
        listed.subject_id,
        listed.branch_id,
        listed.owner_role,
        listed.branch_rank,
        coalesce(
            case when own.is_present and own.branch_id = listed.branch_id then own.manager_id end,
            case when substitutes.is_present and substitutes.branch_id = listed.branch_id then substitutes.manager_id end
        ) as manager_id
    from listed
    left join {{ ref('managers_present') }} as own on listed.wanted_manager_id = own.manager_id
    left join {{ ref('managers_present') }} as substitutes on own.substitute_id = substitutes.manager_id
),

own_share as (
    select
        wanted.*,
        managers.daily_capacity,
        cast(row_number() over (partition by wanted.manager_id order by wanted.branch_rank nulls last, wanted.subject_id) as integer) as manager_rank
    from wanted
    left join {{ ref('managers_present') }} as managers on wanted.manager_id = managers.manager_id
),

role_managers as (
    select
        manager_id,
        branch_id,
        role,
        cast(row_number() over (partition by branch_id, role order by manager_id) as integer) as turn,
        cast(count(*) over (partition by branch_id, role) as integer) as managers
    from {{ ref('managers_present') }}
    where is_present
),

left_over as (
    select
        list,
        subject_id,
        branch_id,
        owner_role,
        cast(row_number() over (partition by branch_id, owner_role order by branch_rank nulls last, subject_id) as integer) as turn
    from own_share
    where manager_id is null or manager_rank > daily_capacity
),

in_turn as (
    select left_over.list, left_over.subject_id, role_managers.manager_id
    from left_over
    inner join role_managers
        on left_over.branch_id = role_managers.branch_id and left_over.owner_role = role_managers.role
            and (left_over.turn - 1) % role_managers.managers + 1 = role_managers.turn
),

owned as (
    select
        own_share.list,
        own_share.subject_id,
        coalesce(in_turn.manager_id, case when own_share.manager_rank <= own_share.daily_capacity then own_share.manager_id end) as owner_id
    from own_share
    left join in_turn on own_share.list = in_turn.list and own_share.subject_id = in_turn.subject_id
)

select
    listed.branch_rank as rank,
    listed.lead_id,
    listed.subject_type,
    listed.subject_id,
    subjects.full_name,
    subjects.mobile,
    subjects.gender,
    subjects.age_band,
    subjects.value_tier,
    listed.list,
    listed.purpose,
    listed.priority,
    listed.score,
    listed.rule_ids,
    listed.facts,
    listed.talk_variant,
    listed.offer,
    listed.stake_amount,
    listed.value_amount,
    listed.due_on,
    owned.owner_id,
    managers.manager_name as owner_name,
    listed.channel,
    listed.also_relevant,
    subjects.products_held,
    subjects.products_missing,
    case when subjects.aum < 10000 then '<1万' when subjects.aum < 50000 then '1-5万' when subjects.aum < 200000 then '5-20万'
        when subjects.aum < 500000 then '20-50万' when subjects.aum < 1000000 then '50-100万' when subjects.aum < 6000000 then '100-600万'
        else '≥600万' end as aum_band,
    subjects.risk_level,
    listed.lead_state as state,
    listed.first_listed_on,
    {{ days_between(list_date(), 'listed.first_listed_on') }} as days_open,
    case when listed.lead_state = 'follow_up' then greatest({{ list_date() }}, {{ plus_days('memory.last_contact_on', 3) }})
        else {{ list_date() }} end as next_contact_on,
    coalesce(memory.last_contact_on, pressure.last_contact_on) as last_contact_on,
    memory.last_outcome,
    listed.list_date,
    listed.branch_id,
    branches.branch_name,
    {{ as_of_column() }}
from listed
inner join owned on listed.list = owned.list and listed.subject_id = owned.subject_id
inner join {{ ref('subjects') }} as subjects on listed.subject_id = subjects.subject_id
inner join {{ ref('branch_capacity') }} as branches on listed.branch_id = branches.branch_id
left join {{ ref('managers_present') }} as managers on owned.owner_id = managers.manager_id
left join {{ ref('lead_memory') }} as memory on listed.lead_id = memory.lead_id
left join {{ ref('contact_pressure') }} as pressure on listed.subject_id = pressure.customer_id
