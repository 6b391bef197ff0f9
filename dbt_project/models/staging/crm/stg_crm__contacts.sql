-- stg_crm__contacts: what came of the contacts with leads, as recorded so far?
--
-- One row per contact_id, of the bank's own systems and of the portal.
{{ rows_until(source('crm', 'contacts'), 'recorded_at') }}
union all
{{ rows_until(source('portal', 'contacts'), 'recorded_at') }}
