package dev.mooring.model;

import java.util.Objects;

/**
 * The unchanging key of one session: the web application it belongs to, and a random name.
 *
 * <p>The name is the session's first id. It stays when the id changes, so nothing is ever re-keyed; after an id change
 * it opens nothing. Until then it is a password, therefore {@link #toString()} shortens it and a key may be logged.
 *
 * @param scope virtual host and context path of the web application, see {@link #scope(String, String)}
 * @param name the session's first id
 */
public record SessionKey(String scope, String name) {

    private static final int SHOWN = 6;

    /** Checks that both parts are present. */
    public SessionKey {
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(name, "name");
    }

    /**
     * Names a web application in the cluster.
     *
     * @param virtualHost Jetty's canonical virtual host
     * @param contextPath Jetty's canonical context path
     * @return the scope that all nodes compute alike
     */
    public static String scope(String virtualHost, String contextPath) {
        return virtualHost + "_" + contextPath;
    }

    /**
     * Returns the key under which the cluster stores the session's record.
     *
     * @return the entry's key, a string so that a cluster without our classes can hold it
     */
    public String path() {
        return scope + "/" + name;
    }

    /**
     * Reads a {@link #path()}.
     *
     * @param scope the scope that the path begins with
     * @param path the path
     * @return the key
     */
    public static SessionKey ofPath(String scope, String path) {
        return new SessionKey(scope, path.substring(scope.length() + 1));
    }

    /**
     * Returns the sibling of this key for another session of the same web application.
     *
     * @param otherName the other session's first id
     * @return the other key
     */
    public SessionKey named(String otherName) {
        return new SessionKey(scope, otherName);
    }

    /**
     * Shortens a session id so that it may be logged.
     *
     * @param id a session id
     * @return its first characters and an ellipsis
     */
    public static String shorten(String id) {
        return id.length() <= SHOWN ? "…" : id.substring(0, SHOWN) + "…";
    }

    @Override
    public String toString() {
        return scope + "/" + shorten(name);
    }
}
