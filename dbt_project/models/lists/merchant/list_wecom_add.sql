-- list_wecom_add 企微添加: who is worth a word now and then, and is not yet a friend on WeCom?
--
-- Who: no friend on WeCom, may be called or comes to the branch, and is of the growth tier and up, new, or in the
-- honeymoon of a card.
-- Order: value tier, stage, visits to the branch.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where not is_wecom_friend
    and (can_call_marketing or branch_visits_30d > 0)
    and (value_tier in ('growth', 'wealth', 'platinum', 'diamond', 'private') or is_new_customer or card_stage = 'honeymoon')
    and not coalesce(is_dormant, false)
    and not coalesce(is_minor, false)
{% endcall %}
