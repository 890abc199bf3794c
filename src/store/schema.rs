//! The tables as diesel sees them, on both databases. A test compares this page with a migrated database.

diesel::table! {
    guarantees (id) {
        id -> Text,
        platform -> Text,
        application_number -> Text,
        guarantee_number -> Nullable<Text>,
        stage -> Text,
        version -> BigInt,
        applicant_name -> Text,
        applicant_code -> Text,
        amount -> BigInt,
        opened_at -> Nullable<BigInt>,
        deadline -> Nullable<BigInt>,
        body -> Binary,
        received_at -> BigInt,
        updated_at -> BigInt,
        issued_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        section_mark -> Nullable<Text>,
        awaits -> Nullable<Text>,
        key_at -> Nullable<BigInt>,
        restored_at -> Nullable<BigInt>,
        handed_over_at -> Nullable<BigInt>,
        key_refused_at -> Nullable<BigInt>,
        sealed_mark -> Nullable<Text>,
        opening_day_mark -> Nullable<Text>,
    }
}

diesel::table! {
    abnormal_sections (platform, section_mark) {
        platform -> Text,
        section_mark -> Text,
        body -> Binary,
        reported_at -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> Text,
        platform -> Text,
        direction -> Text,
        interface -> Text,
        guarantee_id -> Nullable<Text>,
        request_id -> Text,
        at -> BigInt,
        body -> Binary,
        answer -> Nullable<Binary>,
        outcome -> Text,
        detail -> Nullable<Text>,
        tolerances -> Text,
        peer -> Nullable<Text>,
        size -> BigInt,
    }
}

diesel::table! {
    bindings (platform, interface, business_key) {
        platform -> Text,
        interface -> Text,
        business_key -> Text,
        content -> Text,
        answer -> Binary,
        message_id -> Text,
        bound_at -> BigInt,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        guarantee_id -> Text,
        platform -> Text,
        number -> BigInt,
        at -> BigInt,
        kind -> Text,
        body -> Text,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        platform -> Text,
        lane -> Text,
        position -> BigInt,
        kind -> Text,
        payload -> Binary,
        state -> Text,
        due_at -> BigInt,
        deadline -> BigInt,
        attempts -> BigInt,
        forgiven -> BigInt,
        lease_owner -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        cause -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (job_id, number) {
        job_id -> Text,
        number -> BigInt,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Text,
        detail -> Nullable<Text>,
        message_id -> Nullable<Text>,
    }
}

diesel::table! {
    documents (guarantee_id, digest) {
        digest -> Text,
        guarantee_id -> Text,
        letter -> Text,
        format -> Text,
        size -> BigInt,
        md5 -> Text,
        stored_at -> BigInt,
    }
}

diesel::table! {
    replays (mark) {
        mark -> Text,
        interface -> Text,
        message_id -> Nullable<Text>,
        first_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    wrapped_keys (guarantee_id, purpose) {
        guarantee_id -> Text,
        purpose -> Text,
        wrapped -> Binary,
        stored_at -> BigInt,
    }
}

diesel::table! {
    deliveries (guarantee_id, letter) {
        guarantee_id -> Text,
        letter -> Text,
        document -> Text,
        generation -> BigInt,
        wrapped -> Binary,
        slices -> BigInt,
        acknowledged -> BigInt,
        completed_at -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    links (id) {
        id -> Text,
        guarantee_id -> Text,
        document -> Text,
        name -> Text,
        content_type -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        fetched -> BigInt,
        last_fetched_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        client -> Text,
        hash -> Text,
        scopes -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_answers (client, idempotency_key) {
        client -> Text,
        idempotency_key -> Text,
        fingerprint -> Text,
        api_key -> Text,
        guarantee_id -> Nullable<Text>,
        status -> BigInt,
        etag -> Nullable<Text>,
        body -> Binary,
        at -> BigInt,
    }
}

diesel::table! {
    uploads (digest) {
        digest -> Text,
        media_type -> Text,
        size -> BigInt,
        md5 -> Text,
        uploaded_at -> BigInt,
        api_key -> Text,
    }
}

diesel::table! {
    callbacks (id) {
        id -> Text,
        kind -> Text,
        platform -> Nullable<Text>,
        guarantee_id -> Nullable<Text>,
        body -> Binary,
        job_id -> Text,
        created_at -> BigInt,
        delivered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    reconciliations (id) {
        id -> Text,
        platform -> Text,
        day -> Text,
        generation -> BigInt,
        superseded_by -> Nullable<Text>,
        digest -> Text,
        unexplained -> BigInt,
        imported_at -> BigInt,
        body -> Binary,
        signed_at -> Nullable<BigInt>,
        signature -> Nullable<Binary>,
    }
}

diesel::table! {
    platform_reach (platform) {
        platform -> Text,
        unreachable_since -> Nullable<BigInt>,
        changed_at -> BigInt,
    }
}

diesel::table! {
    pauses (platform, since) {
        platform -> Text,
        since -> BigInt,
        paused_by -> Text,
        reason -> Text,
        resumed_at -> Nullable<BigInt>,
        resumed_by -> Nullable<Text>,
    }
}

diesel::table! {
    changes (generation) {
        generation -> BigInt,
        kind -> Text,
        subject -> Text,
        version -> BigInt,
        body -> Binary,
        digest -> Nullable<Text>,
        previous -> Nullable<Text>,
        made_by -> Text,
        approved_by -> Text,
        proposal -> Text,
        adopted_at -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        roles -> Text,
        password_hash -> Nullable<Text>,
        initial_until -> Nullable<BigInt>,
        issuer -> Nullable<Text>,
        subject -> Nullable<Text>,
        second_factor -> Nullable<Binary>,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        mark -> Binary,
        version -> BigInt,
        failures -> BigInt,
        locked_until -> Nullable<BigInt>,
        last_step -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_codes (user_id, hash) {
        user_id -> Text,
        hash -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        proof -> Text,
        user_id -> Text,
        stage -> Text,
        begun_at -> BigInt,
        seen_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        address -> Nullable<Text>,
        agent -> Nullable<Text>,
        proposed_factor -> Nullable<Binary>,
    }
}

diesel::table! {
    sign_in_failures (address) {
        address -> Text,
        due_at -> BigInt,
    }
}

diesel::table! {
    identity_requests (state_hash) {
        state_hash -> Text,
        body -> Binary,
        begun_at -> BigInt,
    }
}

diesel::table! {
    batches (id) {
        id -> Text,
        action -> Text,
        reason -> Text,
        made_by -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    batch_items (batch_id, job_id) {
        batch_id -> Text,
        job_id -> Text,
        outcome -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(attempts, jobs);
diesel::allow_tables_to_appear_in_same_query!(callbacks, jobs);
diesel::allow_tables_to_appear_in_same_query!(sessions, users);

diesel::table! {
    differences (reconciliation_id, number) {
        reconciliation_id -> Text,
        number -> BigInt,
        kind -> Text,
        guarantee_id -> Nullable<Text>,
        remarks -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    remarks (reconciliation_id, difference, number) {
        reconciliation_id -> Text,
        difference -> BigInt,
        number -> BigInt,
        at -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    alarms (id) {
        id -> Text,
        rule -> Text,
        subject -> Text,
        replica -> Text,
        severity -> Text,
        figure -> BigInt,
        raised_at -> BigInt,
        seen_at -> BigInt,
        told_at -> BigInt,
        escalated_at -> Nullable<BigInt>,
        acknowledged_at -> Nullable<BigInt>,
        acknowledged_by -> Nullable<Text>,
        recovered_at -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, guarantees);
diesel::allow_tables_to_appear_in_same_query!(guarantees, messages);
diesel::allow_tables_to_appear_in_same_query!(guarantees, wrapped_keys);
diesel::allow_tables_to_appear_in_same_query!(differences, reconciliations);
diesel::allow_columns_to_appear_in_same_group_by_clause!(differences::kind, reconciliations::platform);

diesel::table! {
    audit_entries (number) {
        number -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Text,
        actor_name -> Text,
        address -> Nullable<Text>,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Text,
        detail -> Binary,
        digest_before -> Nullable<Text>,
        digest_after -> Nullable<Text>,
        key_id -> Text,
        mac -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> Text,
        number -> BigInt,
        mac -> Text,
        key_id -> Text,
        proof -> Text,
    }
}

diesel::table! {
    audit_marks (kind) {
        kind -> Text,
        number -> BigInt,
        mac -> Text,
        at -> BigInt,
        outcome -> Text,
    }
}

diesel::table! {
    proposals (id) {
        id -> Text,
        kind -> Text,
        subject_kind -> Text,
        subject -> Text,
        version -> Nullable<BigInt>,
        payload -> Binary,
        reason -> Binary,
        digest -> Text,
        made_by -> Text,
        maker_name -> Text,
        made_at -> BigInt,
        expires_at -> BigInt,
        state -> Text,
        decided_by -> Nullable<Text>,
        decider_name -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        conclusion -> Nullable<Binary>,
        holds_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    proposal_guarantees (proposal_id, guarantee_id) {
        proposal_id -> Text,
        guarantee_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(proposals, proposal_guarantees);

diesel::table! {
    evidence (id) {
        id -> Text,
        guarantee_id -> Text,
        claim -> BigInt,
        item -> BigInt,
        url -> Binary,
        state -> Text,
        document -> Nullable<Text>,
        size -> Nullable<BigInt>,
        media_type -> Nullable<Text>,
        reason -> Nullable<Text>,
        asked_by -> Text,
        asked_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    key_encryption_keys (version) {
        version -> BigInt,
        master_id -> Text,
        wrapped -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        destroyed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    data_keys (purpose, id) {
        purpose -> Text,
        id -> Text,
        kek_version -> BigInt,
        wrapped -> Text,
        created_at -> BigInt,
        activates_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        destroyed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    key_hierarchy (id) {
        id -> Text,
        generation -> BigInt,
    }
}
