-- leads: what does each branch receive today: whom to call, in which order, and who makes the call? And each central channel?
--
-- One row per listed lead, and per lead handed to a central channel today (central_channel; ranked there). Owner: whoever
-- manages that thing there (the loan, the merchant) and is present, else the customer's own manager if of that branch and
-- present, else the substitute, else the least loaded of the list's role, else the branch's queue (no owner). Nobody gets
-- more than a day's capacity, their own customers first. Debts are collected by the list's role alone. A lead worked away
-- from home counts for both branches (双记).
with listed as (
    select decisions.*, rules.purpose, rules.product_family, rules.offer, rules.owner_role
    from {{ ref('decisions') }} as decisions
    inner join {{ ref('list_rules') }} as rules on decisions.list = rules.list
    where decisions.branch_rank is not null or decisions.central_rank is not null
),

present as (
    select manager_id, branch_id, role, daily_capacity
    from {{ ref('managers_present') }}
    where is_present
),

-- the first of those who should make the call that is there
wanted as (
    select
        listed.list,
        listed.subject_id,
        listed.branch_id,
        listed.owner_role,
        listed.branch_rank,
        coalesce(own.manager_id, theirs.manager_id, own_substitute.manager_id, their_substitute.manager_id) as manager_id
    from listed
    inner join {{ ref('subjects') }} as subjects on listed.subject_id = subjects.subject_id
    left join {{ ref('managers_present') }} as own_row on listed.wanted_manager_id = own_row.manager_id
    left join {{ ref('managers_present') }} as their_row on subjects.manager_id = their_row.manager_id
    {%- for one, manager_id in {'own': 'listed.wanted_manager_id', 'theirs': 'subjects.manager_id', 'own_substitute': 'own_row.substitute_id',
        'their_substitute': 'their_row.substitute_id'}.items() %}
    left join present as {{ one }}
        on {{ manager_id }} = {{ one }}.manager_id and listed.branch_id = {{ one }}.branch_id
            and (listed.purpose <> 'recovery' or {{ one }}.role = listed.owner_role)
    {%- endfor %}
    where listed.branch_rank is not null
),

own_share as (
    select
        wanted.*,
        wanted.manager_id is not null and row_number() over (
            partition by wanted.manager_id order by wanted.branch_rank nulls last, wanted.subject_id
        ) <= present.daily_capacity as is_kept
    from wanted
    left join present on wanted.manager_id = present.manager_id
),

loads as (
    select present.manager_id, present.branch_id, present.role, present.daily_capacity, count(own_share.subject_id) as load
    from present
    left join own_share on present.manager_id = own_share.manager_id and own_share.is_kept
    group by present.manager_id, present.branch_id, present.role, present.daily_capacity
),

left_over as (
    select
        list,
        subject_id,
        branch_id,
        owner_role,
        cast(row_number() over (partition by branch_id, owner_role order by branch_rank nulls last, subject_id) as integer) as turn
    from own_share
    where not is_kept
),

-- a manager's free places, the least loaded first; no more of them than there are leads left over
places as (
    select
        loads.manager_id,
        loads.branch_id,
        loads.role,
        cast(row_number() over (
            partition by loads.branch_id, loads.role order by loads.load + left_over.turn, loads.manager_id
        ) as integer) as turn
    from loads
    inner join left_over on loads.branch_id = left_over.branch_id and loads.role = left_over.owner_role
        and loads.load + left_over.turn <= loads.daily_capacity
),

owned as (
    select
        own_share.list,
        own_share.subject_id,
        case when own_share.is_kept then own_share.manager_id else places.manager_id end as owner_id
    from own_share
    left join left_over on own_share.list = left_over.list and own_share.subject_id = left_over.subject_id
    left join places on left_over.branch_id = places.branch_id and left_over.owner_role = places.role and left_over.turn = places.turn
)

select
    coalesce(listed.branch_rank, listed.central_rank) as rank,
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
    case when owned.owner_id is not null then cast(row_number() over (
        partition by owned.owner_id order by listed.branch_rank nulls last, listed.lead_id
    ) as integer) end as owner_rank,
    case listed.central_channel when 'remote' then 'call' when 'app_push' then 'app' else coalesce(listed.central_channel, listed.channel) end as channel,
    listed.central_channel,
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
    case when listed.branch_id <> listed.home_branch_id then listed.home_branch_id end as also_credited_branch_id,
    case when listed.branch_id <> listed.wanted_branch_id then listed.wanted_branch_id end as moved_from_branch_id,
    case when coalesce(owned.owner_id, '') <> listed.wanted_manager_id and listed.central_channel is null
        then listed.wanted_manager_id end as moved_from_manager_id,
    {{ as_of_column() }}
from listed
left join owned on listed.list = owned.list and listed.subject_id = owned.subject_id
inner join {{ ref('subjects') }} as subjects on listed.subject_id = subjects.subject_id
left join {{ ref('stg_core__branches') }} as branches on listed.branch_id = branches.branch_id
left join {{ ref('managers_present') }} as managers on owned.owner_id = managers.manager_id
left join {{ ref('lead_memory') }} as memory on listed.lead_id = memory.lead_id
left join {{ ref('contact_pressure') }} as pressure on listed.subject_id = pressure.subject_id
