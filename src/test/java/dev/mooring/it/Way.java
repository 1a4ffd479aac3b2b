package dev.mooring.it;

/**
 * The ways in which an endpoint of the web application {@code live} gets its session; the name is the endpoint's path.
 */
enum Way {
    /** {@code HandshakeRequest.getHttpSession()}, kept by a {@code Configurator}. */
    CONFIGURED,
    /** The user property of an annotated endpoint without a {@code Configurator}. */
    PLAIN,
    /** The user property of an endpoint that was added by a program. */
    PROGRAMMATIC
}
