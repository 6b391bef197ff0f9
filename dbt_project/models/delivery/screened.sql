-- screened: may we, and does it make sense, to speak to this candidate about this list now?
--
-- One row per candidate. dropped_by names the first rule that dropped it, null when none did. Whatever cannot be
-- checked drops: a missing label counts as no. Withheld lists leave here, so that their customers can still be reached
-- by others. Cool-downs are for marketing; the caps, the pause after refusals and complaints are for everybody.
{% set off = var('sources_off') %}
{% set may_be_overdue = not (('lending.loans' in off or 'lending' in off) and ('cards.credit_cards' in off or 'cards' in off)) %}
select
    candidates.*,
    verdicts.check_name as withheld_by,
    pressure.last_contact_on,
    case
        when verdicts.list is not null then null
        when coalesce(labels.is_deceased, true) or coalesce(pressure.is_reported_deceased, false) then 'deceased'
        when coalesce(labels.is_staff, true) then 'staff'
        when candidates.purpose = 'marketing' and coalesce(labels.is_minor, true) then 'minor'
        when coalesce(labels.is_do_not_contact, true) or coalesce(pressure.asked_not_to_be_contacted, false) then 'do_not_contact'
        when candidates.purpose = 'marketing' and not coalesce(labels.has_marketing_consent, false) then 'no_marketing_consent'
        when candidates.purpose = 'marketing' and coalesce(labels.is_profiling_refused, true) then 'profiling_refused'
        when candidates.channel is null then 'no_channel'
        {%- if may_be_overdue %}
        when candidates.purpose = 'marketing' and (coalesce(labels.is_overdue, true) or coalesce(labels.is_npl, true)) then 'overdue'
        {%- endif %}
        -- risk 1, or none, is a deposit, a loan or a service: fit for everybody
        when candidates.product_risk > 1 and coalesce(labels.max_product_risk, 0) < candidates.product_risk then 'product_risk'
        when complaints.customer_id is not null
            or {{ plus_days('pressure.complained_on', var('contact').complaint_pause_days) }} >= {{ list_date() }} then 'open_complaint'
        when candidates.is_universal_control then 'universal_control'
        -- a lead worked to its end is not opened again within its validity, nor within the list's cool-down
        when memory.lead_state in ('won', 'lost', 'reassigned') and memory.valid_until >= {{ list_date() }} then 'already_worked'
        when memory.lead_state = 'unreachable'
            and {{ plus_days('memory.closes_on', var('contact').unreached_pause_days) }} >= {{ list_date() }} then 'unreachable_pause'
        when candidates.purpose = 'marketing' and memory.refused_on is not null
            and {{ plus_days('memory.refused_on', var('contact').refused_cool_down_days) }} >= {{ list_date() }} then 'cool_down_refused'
        when candidates.purpose = 'marketing' and memory.lead_state in ('won', 'lost', 'reassigned', 'expired', 'superseded', 'no_longer_true')
            and {{ plus_days('memory.closes_on', 'candidates.cool_down_days') }} >= {{ list_date() }} then 'cool_down'
        when pressure.capped_by is not null then pressure.capped_by
        when instr(concat(',', pressure.capped_lists, ','), concat(',', candidates.list, ',')) > 0 then 'contact_cap_list'
        when coalesce(pressure.refusals_30d, 0) >= {{ var('contact').refusals_30d }} then 'refusals_pause'
        -- a lead that ends today is published with its end before the list opens another
        when memory.was_open and memory.lead_state not in ('open', 'attempted', 'reached', 'follow_up') then 'already_worked'
    end as dropped_by
from {{ ref('candidates') }} as candidates
inner join {{ ref('subjects') }} as labels on candidates.subject_id = labels.subject_id
left join {{ source('memory', 'verdicts') }} as verdicts on candidates.list = verdicts.list
left join {{ ref('contact_pressure') }} as pressure on candidates.subject_id = pressure.subject_id
left join {{ ref('lead_memory') }} as memory on candidates.list = memory.list and candidates.subject_id = memory.subject_id
left join (
    select distinct customer_id
    from {{ ref('stg_crm__complaints') }}
    where closed_on is null or closed_on > {{ as_of() }}
) as complaints on candidates.subject_id = complaints.customer_id
