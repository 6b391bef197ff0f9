-- candidates: who is a candidate of each list today, what is it worth, and which arm are they in?
--
-- One row per list and subject that meets the list's Who, or holds an open lead of it and meets the keep rule.
-- value = stake × margin a year, else the offer's value per success, capped at the list's 99th percentile so that one
-- giant does not decide; p = base rate × (0.5 + score / 100); priority = p × value × weight. A stable hash of customer,
-- list and cycle (calendar quarter) holds 5 % out; an open lead keeps the arm it began with. central_channel: the list's
-- own, where the subject may be reached there; its control group is drawn by customer, channel and cycle. Texts (reasons,
-- baseline) stay in list_members.
with members as (
    select
        members.list, members.subject_type, members.subject_id, members.is_entry, members.score, members.stake_amount,
        members.due_on, memory.lead_id as open_lead_id, memory.first_listed_on,
        memory.is_ghost as was_ghost, coalesce(memory.is_with_centre, false) as is_with_centre
    from {{ ref('members_once') }} as members
    left join {{ ref('lead_memory') }} as memory
        on members.list = memory.list and members.subject_id = memory.subject_id
            and memory.lead_state in ('open', 'attempted', 'reached', 'follow_up')
    where members.is_entry or memory.lead_id is not null
),

valued as (
    select
        members.*,
        rules.purpose,
        rules.product_family,
        rules.branch_rule,
        rules.owner_role,
        rules.channels,
        rules.central_channel,
        rules.product_risk,
        rules.base_rate,
        rules.weight,
        rules.min_per_branch,
        rules.most_per_branch,
        rules.cool_down_days,
        cast(floor(coalesce(
            case when members.stake_amount > 0 then cast(members.stake_amount as double) when members.stake_amount <= 0 then 0 end
            * cast(rules.annual_margin as double),
            cast(rules.value_per_success as double),
            0
        ) * 100) / 100 as decimal(18, 2)) as uncapped_amount
    from members
    inner join {{ ref('list_rules') }} as rules on members.list = rules.list
),

caps as (
    select list, percentile_disc(0.99) within group (order by uncapped_amount) as cap_amount
    from valued
    group by list
)

select
    valued.list,
    valued.subject_type,
    valued.subject_id,
    valued.is_entry,
    valued.score,
    valued.stake_amount,
    valued.due_on,
    valued.purpose,
    valued.product_family,
    valued.branch_rule,
    valued.owner_role,
    valued.product_risk,
    valued.min_per_branch,
    valued.most_per_branch,
    valued.cool_down_days,
    valued.open_lead_id,
    valued.first_listed_on,
    {{ first_allowed_channel('valued.channels', 'valued.purpose') }} as channel,
    case
        when valued.central_channel = 'remote' and {{ channel_allowed('call', 'valued.purpose') }} then 'remote'
        when valued.central_channel = 'sms' and {{ channel_allowed('sms', 'valued.purpose') }} then 'sms'
        when valued.central_channel = 'wecom' and {{ channel_allowed('wecom', 'valued.purpose') }} then 'wecom'
        when valued.central_channel = 'app_push' and labels.products_held like '%app%' and app_refusals.customer_id is null
            and {{ not_refused('app_push') }} then 'app_push'
    end as central_channel,
    valued.is_with_centre,
    labels.home_branch_id,
    labels.nearest_branch_id,
    labels.manager_id,
    {{ money('least(valued.uncapped_amount, caps.cap_amount)') }} as value_amount,
    cast(floor(cast(valued.base_rate as double) * (50 + valued.score) * 10000) / 1000000 as decimal(9, 6)) as p,
    valued.weight,
    {{ money('floor(cast(valued.base_rate as double) * (50 + valued.score) * cast(least(valued.uncapped_amount, caps.cap_amount) as double) * cast(valued.weight as double)) / 100') }} as priority,
    case
        when valued.open_lead_id is not null then valued.was_ghost
        when valued.purpose <> 'marketing' or labels.value_tier = 'private' then false
        else {{ share_of("concat('holdout|', valued.subject_id, '|', valued.list, '|', '" ~ cycle() ~ "')", var('control').holdout_share) }}
    end as is_ghost,
    valued.purpose = 'marketing' and coalesce(labels.value_tier, '') <> 'private'
        and case valued.central_channel{% for channel, rule in var('central').items() %}
            when '{{ channel }}' then {{ share_of("concat('central|', valued.subject_id, '|" ~ channel ~ "|" ~ cycle() ~ "')", rule.holdout_share) }}
        {%- endfor %} else false end as is_central_ghost,
    valued.purpose = 'marketing'
        and {{ share_of("concat('universal|', valued.subject_id, '|', '" ~ var('list_date')[:4] ~ "')", var('control').universal_share) }} as is_universal_control,
    valued.purpose = 'marketing'
        and {{ share_of("concat('explore|', valued.subject_id, '|', valued.list, '|', '" ~ cycle() ~ "')", var('control').explore_share) }} as is_explore,
    {{ as_of_column() }}
from valued
inner join caps on valued.list = caps.list
inner join {{ ref('subjects') }} as labels on valued.subject_id = labels.subject_id
left join {{ ref('contact_pressure') }} as pressure on valued.subject_id = pressure.subject_id
left join (
    select distinct customer_id
    from {{ ref('stg_crm__channel_preferences') }}
    where channel = 'app_push' and is_refused
) as app_refusals on valued.subject_id = app_refusals.customer_id
