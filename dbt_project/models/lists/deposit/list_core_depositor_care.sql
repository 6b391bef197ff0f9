-- list_core_depositor_care 核心客户维护: whose deposits carry this branch, and what do we owe them?
--
-- Who: core depositors with at least 50 000 in deposits; smaller ones are looked after by the mobile bank. The ten
-- largest of each branch get the intensive plan (10位客户极致服务), told by the talk track's variant.
-- Order: amount, service owed, a deposit maturing soon, few products.
{% call(rule) marketing_list() %}
with core as (
    select
        labels.customer_id,
        labels.deposit_balance,
        labels.home_branch_id,
        case when labels.matures_30d_amount > 0 then labels.next_maturity_on end as due_on
    from {{ ref('customer_labels') }} as labels
    inner join {{ ref('segment_core_depositor') }} as segment on labels.customer_id = segment.customer_id
    where labels.deposit_balance >= {{ threshold('core_care_from', rule) }}
)

select
    customer_id as subject_id,
    deposit_balance as stake_amount,
    due_on,
    row_number() over (partition by home_branch_id order by deposit_balance desc nulls last, customer_id)
    <= {{ threshold('core_care_intensive', rule) }} as is_branch_top
from core
{% endcall %}
