package dev.mooring.session;

import dev.mooring.model.SessionKey;
import dev.mooring.session.SessionPolicy.NonSerializable;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a session attribute may be in one web application, and what is said of one that may not. Thread-safe. Serialising runs
 * the values' own code, so no lock may be held; otherwise nothing blocks.
 */
final class AttributeRules {

    private static final Logger LOG = LoggerFactory.getLogger(AttributeRules.class);

    private final SessionPolicy policy;
    private final AttributeCodec codec;
    private final BooleanSupplier distributable;
    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    AttributeRules(SessionPolicy policy, AttributeCodec codec, BooleanSupplier distributable) {
        this.policy = policy;
        this.codec = codec;
        this.distributable = distributable;
    }

    /**
     * Serialises a value that is about to be set.
     *
     * @throws IllegalArgumentException if it is too large, or cannot be serialised where it must
     */
    Encoded admit(SessionKey key, String name, Object value) {
        byte[] bytes;
        try {
            bytes = codec.encode(value);
        } catch (IOException | RuntimeException e) {
            if (rejectsNonSerializable()) {
                throw new IllegalArgumentException(
                        "session attribute " + name + " of " + value.getClass().getName() + " cannot be serialised: "
                                + e,
                        e);
            }
            staysHere(key, name, value, e);
            return Encoded.LOCAL;
        }
        if (bytes.length > policy.maxAttributeBytes()) {
            throw new IllegalArgumentException("session attribute " + name + " takes " + bytes.length
                    + " bytes: jetty.session.maxAttributeBytes is " + policy.maxAttributeBytes());
        }
        return new Encoded(bytes);
    }

    /**
     * Checks a session that is about to get one more value.
     *
     * @throws IllegalArgumentException if it would have too many, or too large ones
     */
    void checkLimits(LiveData data, String name, int size) {
        if (data.countWith(name) > policy.maxAttributes()) {
            throw new IllegalArgumentException("session attribute " + name
                    + " is one too many: jetty.session.maxAttributes is " + policy.maxAttributes());
        }
        if (data.sizeWith(name, size) > policy.maxSessionBytes()) {
            throw new IllegalArgumentException("session attribute " + name + " makes the session take "
                    + data.sizeWith(name, size) + " bytes: jetty.session.maxSessionBytes is "
                    + policy.maxSessionBytes());
        }
    }

    /** A value that was admitted can no longer be serialised, since something in it has changed. */
    void staysHere(SessionKey key, String name, Object value, Exception failure) {
        if (reported.add(name + " of " + value.getClass().getName())) {
            LOG.warn(
                    "Session {}: attribute {} of {} stays on this node, it cannot be serialised: {}",
                    key,
                    name,
                    value.getClass().getName(),
                    failure.toString());
        }
    }

    /** A value that the record has cannot be read here. */
    void notReadable(SessionKey key, String name, Exception failure) {
        if (reported.add(name + " unread: " + failure)) {
            LOG.warn(
                    "Session {}: attribute {} cannot be read on this node and counts as absent here: {}",
                    key,
                    name,
                    failure.toString());
        }
    }

    private boolean rejectsNonSerializable() {
        return policy.nonSerializable() == NonSerializable.REJECT
                || policy.nonSerializable() == NonSerializable.SPEC && distributable.getAsBoolean();
    }
}
