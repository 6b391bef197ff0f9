-- stg_crm__relations: who is tied to whom?
--
-- One row per customer_id, related_customer_id and relation_type.
{{ newest_snapshot(source('crm', 'relations')) }}
