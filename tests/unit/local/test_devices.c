#include "harness/cof_test.h"

#include <ctype.h>
#include <string.h>

#include "local/identity/devices.h"

#define CLIENT "11111111-1111-4111-8111-111111111111"

static const int64_t start_time = 1000000;

static cof_devices *new_devices(void)
{
    cof_devices *devices = NULL;
    assert_ok(cof_devices_new(&devices, NULL));
    return devices;
}

static cof_device start(cof_devices *devices)
{
    const cof_device *device = NULL;
    assert_ok(cof_devices_start(devices, CLIENT, "a b", start_time, &device, NULL));
    return *device;
}

static void codes_are_of_consonants_and_read_in_any_form(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    assert_int_equal(strspn(device.user_code, "BCDFGHJKLMNPQRSTVWXZ"), 4);
    assert_int_equal(strspn(device.user_code + 5, "BCDFGHJKLMNPQRSTVWXZ"), 4);
    assert_int_equal(device.user_code[4], '-');
    assert_int_equal(strlen(device.device_code), 43);
    char typed[16] = "";
    for (size_t i = 0; device.user_code[i] != '\0'; i++) {
        typed[i] = (char)(device.user_code[i] == '-' ? ' ' : tolower(device.user_code[i]));
    }
    assert_non_null(cof_devices_pending(devices, typed, start_time));
    assert_null(cof_devices_pending(devices, "", start_time));
    assert_null(cof_devices_pending(devices, "AAAA-AAAA", start_time));
    typed[8] = '\0';
    assert_null(cof_devices_pending(devices, typed, start_time));
}

static void a_granted_request_gives_its_user_once(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    cof_device out = {.scope = ""};
    int64_t now = start_time;
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, now, &out),
                     COF_POLL_PENDING);
    const cof_digest credential = {.bytes = {7}};
    cof_devices_grant(devices, cof_devices_pending(devices, device.user_code, now), "alice",
                      &credential);
    assert_null(cof_devices_pending(devices, device.user_code, now));
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, now, &out),
                     COF_POLL_GRANTED);
    assert_string_equal(out.user, "alice");
    assert_true(cof_digest_equal(&out.credential, &credential));
    assert_string_equal(out.scope, "a b");
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, now, &out),
                     COF_POLL_UNKNOWN);
}

static void a_denied_request_is_said_once(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    cof_device out;
    cof_devices_deny(devices, cof_devices_pending(devices, device.user_code, start_time));
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, start_time, &out),
                     COF_POLL_DENIED);
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, start_time, &out),
                     COF_POLL_UNKNOWN);
}

static void the_fifth_wrong_password_denies(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    cof_device out;
    for (int i = 0; i < COF_DEVICE_TRIES; i++) {
        const cof_device *pending = cof_devices_pending(devices, device.user_code, start_time);
        assert_non_null(pending);
        cof_devices_failed(devices, pending);
    }
    assert_null(cof_devices_pending(devices, device.user_code, start_time));
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, start_time, &out),
                     COF_POLL_DENIED);
}

static void polling_too_fast_makes_the_interval_longer(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    cof_device out;
    const struct {
        int64_t after;
        cof_device_poll found;
    } polls[] = {{0, COF_POLL_PENDING},    {5, COF_POLL_PENDING},  {7, COF_POLL_SLOW_DOWN},
                 {16, COF_POLL_SLOW_DOWN}, {31, COF_POLL_PENDING}, {45, COF_POLL_PENDING},
                 {50, COF_POLL_SLOW_DOWN}};
    for (size_t i = 0; i < sizeof polls / sizeof polls[0]; i++) {
        assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT,
                                          start_time + polls[i].after, &out),
                         polls[i].found);
    }
}

static void codes_expire(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device device = start(devices);
    cof_device out;
    const int64_t last = start_time + COF_DEVICE_LIFE_S - 1;
    assert_non_null(cof_devices_pending(devices, device.user_code, last));
    assert_null(cof_devices_pending(devices, device.user_code, last + 1));
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, last + 1, &out),
                     COF_POLL_UNKNOWN);
}

static void a_code_is_of_its_client_and_exact(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    cof_device device = start(devices);
    cof_device out;
    assert_int_equal(cof_devices_poll(devices, device.device_code, "another", start_time, &out),
                     COF_POLL_UNKNOWN);
    assert_int_equal(cof_devices_poll(devices, "", CLIENT, start_time, &out), COF_POLL_UNKNOWN);
    device.device_code[42] = device.device_code[42] == 'A' ? 'B' : 'A';
    assert_int_equal(cof_devices_poll(devices, device.device_code, CLIENT, start_time, &out),
                     COF_POLL_UNKNOWN);
}

static void requests_are_bounded_and_old_ones_make_room(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device *device = NULL;
    for (int i = 0; i < COF_DEVICE_WAITING; i++) {
        (void)start(devices);
    }
    assert_status(cof_devices_start(devices, CLIENT, "", start_time, &device, NULL), BUSY);
    const int64_t later = start_time + COF_DEVICE_LIFE_S;
    assert_ok(cof_devices_start(devices, CLIENT, "", later, &device, NULL));
}

static void texts_that_are_too_long_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_devices_drop_) cof_devices *devices = new_devices();
    const cof_device *device = NULL;
    char text[COF_DEVICE_SCOPE_SIZE + 1];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_status(cof_devices_start(devices, CLIENT, text, start_time, &device, NULL), LIMIT);
    assert_status(cof_devices_start(devices, text, "", start_time, &device, NULL), LIMIT);
    text[COF_DEVICE_SCOPE_SIZE - 1] = '\0';
    assert_ok(cof_devices_start(devices, CLIENT, text, start_time, &device, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_of_consonants_and_read_in_any_form),
        cmocka_unit_test(a_granted_request_gives_its_user_once),
        cmocka_unit_test(a_denied_request_is_said_once),
        cmocka_unit_test(the_fifth_wrong_password_denies),
        cmocka_unit_test(polling_too_fast_makes_the_interval_longer),
        cmocka_unit_test(codes_expire),
        cmocka_unit_test(a_code_is_of_its_client_and_exact),
        cmocka_unit_test(requests_are_bounded_and_old_ones_make_room),
        cmocka_unit_test(texts_that_are_too_long_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
