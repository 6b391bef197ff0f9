-- wecom_friends: which customers are friends of a manager on WeCom?
--
-- One row per customer with a friendship that runs: added by the business date and not deleted by it. Of friendships with
-- several managers the first counts for since when, the last message with any of them for how lively.
select
    customer_id,
    min(added_on) as added_on,
    max(last_interaction_on) as last_interaction_on,
    {{ as_of_column() }}
from {{ ref('stg_channels__wecom') }}
where customer_id is not null and (deleted_on is null or deleted_on > {{ as_of() }})
group by customer_id
