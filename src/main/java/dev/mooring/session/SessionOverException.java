package dev.mooring.session;

/**
 * A session that is used after its end, while it ends, or on a node that stops and has handed it on. To an application
 * it is the {@link IllegalStateException} of Jakarta Servlet 6.0; here it is a type of its own, so that nothing else is
 * taken for an end.
 */
final class SessionOverException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /**
     * Names the session.
     *
     * @param session what it is called in messages; never its id
     * @param what what has become of it
     */
    SessionOverException(Object session, String what) {
        super("Session " + session + " " + what);
    }
}
