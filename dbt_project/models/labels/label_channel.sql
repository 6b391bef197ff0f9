-- label_channel: how does this customer deal with the bank?
--
-- One row per customer. The app tier counts days, not clicks: a day with ten log-ins is one visit. 'never' is who never
-- signed up, 'asleep' who did and has not come for 30 days. Unknown where the bank delivers no app activity.
with app as (
    select
        customer_id,
        max(biz_date) as last_login_on,
        cast(sum(case when biz_date > {{ plus_days(as_of(), -30) }} then 1 else 0 end) as integer) as active_days_30d,
        cast(sum(case when biz_date > {{ plus_days(as_of(), -90) }} then 1 else 0 end) as integer) as active_days_90d
    from {{ ref('stg_channels__app_activity') }}
    where biz_date > {{ plus_days(as_of(), -180) }} and login_count > 0
    group by customer_id
),

friends as (
    select distinct customer_id
    from {{ ref('stg_channels__wecom') }}
    where customer_id is not null and (deleted_on is null or deleted_on > {{ as_of() }})
),

known as (
    select
        customers.customer_id,
        app.last_login_on,
        coalesce(app.active_days_30d, 0) as active_days_30d,
        coalesce(app.active_days_90d, 0) as active_days_90d,
        products.customer_id is not null or app.customer_id is not null as has_signed_up,
        friends.customer_id is not null as is_friend,
        {{ delivered(ref('stg_channels__app_activity')) }} as knows_app,
        {{ delivered(ref('stg_channels__wecom')) }} as knows_friends
    from {{ ref('stg_core__customers') }} as customers
    left join app on customers.customer_id = app.customer_id
    left join friends on customers.customer_id = friends.customer_id
    left join {{ ref('customer_products') }} as products
        on customers.customer_id = products.customer_id and products.category = 'app'
)

select
    known.customer_id,
    case
        when not known.knows_app then null
        when known.active_days_30d >= {{ threshold('app_high_days') }} then 'high'
        when known.active_days_30d >= {{ threshold('app_medium_days') }} then 'medium'
        when known.active_days_30d >= {{ threshold('app_low_days') }} then 'low'
        when known.has_signed_up then 'asleep'
        else 'never'
    end as app_tier,
    case when known.knows_app then known.active_days_30d end as app_active_days_30d,
    case when known.knows_app then known.active_days_90d end as app_active_days_90d,
    {{ days_between(as_of(), 'known.last_login_on') }} as days_since_app_login,
    case when known.knows_friends then known.is_friend end as is_wecom_friend,
    case
        when greatest(known.active_days_90d, flows.branch_visits_90d) = 0 then null
        when known.active_days_90d >= flows.branch_visits_90d then 'app'
        else 'branch'
    end as preferred_channel,
    {{ as_of_column() }}
from known
inner join {{ ref('label_flow') }} as flows on known.customer_id = flows.customer_id
