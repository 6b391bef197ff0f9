-- list_referral 转推荐: who would gladly bring somebody to us?
--
-- Who: has referred before, or is well connected and content; nobody with an open complaint, a poor mark, or one foot out
-- of the door.
-- Order: influence, past referrals, tenure.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where (
    referrals_made_count >= {{ threshold('referral_made_from', rule) }}
    or (influence_degree >= {{ threshold('referral_influence_from', rule) }} and satisfaction_score >= {{ threshold('referral_content_from', rule) }})
)
    and not coalesce(has_open_complaint, false)
    and coalesce(satisfaction_score >= {{ threshold('referral_not_below', rule) }}, true)
    and churn_stage in ('stable', 'not_rated')
    and not coalesce(is_dormant, false)
    and not coalesce(is_minor, false)
{% endcall %}
