-- prospects: whom does the bank know of who is no customer yet?
--
-- One row per business of the registry and person of the loan whitelists; prospect_id is 'P' and the md5 of where the
-- prospect stands and under which key. The same person in two sources is two prospects: nothing tells for certain that
-- they are one. Who has the identity hash or the mobile of a customer is none. source_key leads back to the source, where
-- names and mobiles stay; only who comes without a hash is kept under the mobile, or the name.
with customer_hashes as (
    select distinct id_hash from {{ ref('stg_core__customers') }} where id_hash is not null
),

customer_mobiles as (
    select distinct mobile from {{ ref('stg_core__customers') }} where mobile is not null
),

businesses as (
    select
        'registry' as origin,
        businesses.registration_no as source_key,
        surroundings.branch_id,
        cast(null as {{ dbt.type_string() }}) as village_code,
        businesses.industry,
        cast(null as decimal(18, 2)) as approved_limit_amount,
        cast(null as date) as valid_to,
        businesses.contact_ground,
        businesses.owner_mobile is not null as has_mobile
    from {{ ref('stg_external__business_registry') }} as businesses
    left join {{ ref('surroundings') }} as surroundings
        on surroundings.kind = 'business' and businesses.registration_no = surroundings.surrounding_id
    left join customer_hashes on businesses.owner_id_hash = customer_hashes.id_hash
    left join customer_mobiles on businesses.owner_mobile = customer_mobiles.mobile
    where businesses.status = 'active' and customer_hashes.id_hash is null and customer_mobiles.mobile is null
),

listed as (
    select
        *,
        case when origin = 'village_census' then 'census' else 'whitelist' end as kind,
        coalesce(id_hash, prospect_mobile, prospect_name) as source_key
    from {{ ref('stg_lending__loan_whitelist') }}
    where customer_id is null and valid_from <= {{ as_of() }} and valid_to >= {{ as_of() }}
),

-- one person may stand on several lists: the branch and ground of the highest limit count
people as (
    select
        listed.kind as origin,
        listed.source_key,
        coalesce(listed.branch_id, villages.branch_id) as branch_id,
        listed.village_code,
        cast(null as {{ dbt.type_string() }}) as industry,
        listed.approved_limit as approved_limit_amount,
        listed.valid_to,
        listed.contact_ground,
        listed.prospect_mobile is not null as has_mobile
    from listed
    left join {{ ref('stg_external__villages') }} as villages on listed.village_code = villages.village_code
    left join customer_hashes on listed.id_hash = customer_hashes.id_hash
    left join customer_mobiles on listed.prospect_mobile = customer_mobiles.mobile
    where listed.source_key is not null and customer_hashes.id_hash is null and customer_mobiles.mobile is null
    qualify row_number() over (
        partition by listed.kind, listed.source_key
        order by
            listed.approved_limit desc nulls last, listed.valid_to desc nulls last, listed.batch_id nulls last,
            listed.product_code nulls last
    ) = 1
)

{% for source in ['businesses', 'people'] -%}
select
    concat('P', md5(concat(origin, '|', source_key))) as prospect_id,
    origin,
    source_key,
    branch_id,
    village_code,
    industry,
    {{ money('approved_limit_amount') }} as approved_limit_amount,
    valid_to,
    contact_ground,
    has_mobile,
    {{ as_of_column() }}
from {{ source }}
{{ 'union all' if not loop.last }}
{% endfor %}
