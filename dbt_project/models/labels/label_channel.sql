-- label_channel: how does this customer deal with the bank?
--
-- One row per customer. The app tier counts days, not clicks: a day with ten log-ins is one visit. 'never' is who never
-- signed up, 'asleep' who did and has not come for 30 days. Points (积分提升法) say how much the app is used, each kind of
-- use up to a limit, so that no single habit makes a full score; features (结构提升法) say which uses are still missing.
-- Unknown where the bank delivers no app activity, or too few days of it.
{% set features = app_features() %}
with limits as (
    select customer_id, cast(sum(approved_limit - used_amount) as decimal(18, 2)) as unused_amount
    from {{ ref('stg_lending__facilities') }}
    where status = 'active' and expires_on >= {{ as_of() }} and approved_limit > used_amount
    group by customer_id
),

coverage as (
    select
        {{ delivered(ref('stg_channels__app_activity')) }} as knows_app,
        {{ days_between(as_of(), '(select min(biz_date) from ' ~ ref('stg_channels__app_activity') ~ ')') }} + 1 as app_days,
        {{ delivered(ref('stg_channels__wecom')) }} as knows_friends,
        (select count(last_interaction_on) > 0 from {{ ref('stg_channels__wecom') }}) as knows_messages,
        {{ delivered(ref('stg_lending__facilities')) }} as knows_limits
),

known as (
    select
        customers.customer_id,
        app.last_login_on,
        coalesce(app.active_days_30d, 0) as active_days_30d,
        coalesce(app.active_days_90d, 0) as active_days_90d,
        coalesce(bit_count(app.weeks_45d), 0) as active_weeks_45d,
        coalesce(app.payments_45d, 0) as payments_45d,
        {%- for feature in features %}
        coalesce(app.{{ feature }}_30d, 0) as {{ feature }}_30d,
        coalesce(app.{{ feature }}_90d, 0) > 0 as uses_{{ feature }},
        {%- endfor %}
        products.customer_id is not null or app.last_login_on is not null as has_signed_up,
        friends.customer_id is not null as is_friend,
        friends.added_on as friend_since_on,
        friends.last_interaction_on,
        coalesce(limits.unused_amount, 0) >= {{ threshold('unused_limit_from') }} as has_unused,
        coverage.*
    from {{ ref('stg_core__customers') }} as customers
    cross join coverage
    left join {{ ref('app_use') }} as app on customers.customer_id = app.customer_id
    left join {{ ref('wecom_friends') }} as friends on customers.customer_id = friends.customer_id
    left join limits on customers.customer_id = limits.customer_id
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
    case when known.knows_app then cast(known.active_weeks_45d as integer) end as app_active_weeks_45d_count,
    case when known.knows_app then known.payments_45d end as app_payments_45d_count,
    {{ days_between(as_of(), 'known.last_login_on') }} as days_since_app_login,
    case
        when known.app_days >= 30 then cast(
            least(known.active_days_30d * {{ threshold('app_points_login') }}, {{ threshold('app_points_login_most') }})
            {%- for feature in features %}
            + least(known.{{ feature }}_30d * {{ threshold('app_points_' ~ feature) }}, {{ threshold('app_points_' ~ feature ~ '_most') }})
            {%- endfor %}
            as integer
        )
    end as app_points,
    case
        when known.app_days >= 90 then cast(
            {%- for feature in features %}
            {{ '+ ' if not loop.first }}case when known.uses_{{ feature }} then 1 else 0 end
            {%- endfor %}
            as integer
        )
    end as app_features_used_count,
    case
        when known.app_days >= 90 then nullif(concat_ws(
            ','
            {%- for feature in features | sort %},
            case when not known.uses_{{ feature }} then '{{ feature }}' end
            {%- endfor %}
        ), '')
    end as app_features_missing,
    case when known.knows_friends then known.is_friend end as is_wecom_friend,
    known.friend_since_on as wecom_added_on,
    {{ days_between(as_of(), 'known.friend_since_on') }} as wecom_friend_days,
    case
        when not known.knows_friends then null
        when not known.is_friend then false
        when known.knows_messages then coalesce(known.last_interaction_on > {{ plus_days(as_of(), -30) }}, false)
    end as is_wecom_active_30d,
    case when known.knows_limits then known.has_unused end
    and case when known.knows_app then known.active_days_30d >= {{ threshold('app_low_days') }} end as has_unused_limit_and_app,
    case
        when greatest(known.active_days_90d, flows.branch_visits_90d) = 0 then null
        when known.active_days_90d >= flows.branch_visits_90d then 'app'
        else 'branch'
    end as preferred_channel,
    {{ as_of_column() }}
from known
inner join {{ ref('label_flow') }} as flows on known.customer_id = flows.customer_id
