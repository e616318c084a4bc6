/* job.yaml: defaults, and every kind of mistake with its place and what to do about it. */
#include <stdio.h>
#include <string.h>

#include "contract_case.h"
#include "relying/contract/scalar.h"

/* The smallest job; L marks lines that the cases below replace. */
static const char *const lines[] = {
    "name: small",                                                       /* 1 */
    "purpose: a test",                                                   /* 2 */
    "platform: {accept: [simulated]}",                                   /* 3 */
    "inputs:",                                                           /* 4 */
    "  - {name: cells, owner: me, data: a.csv, format: csv, target: y}", /* 5 */
    "model: {kind: linear}",                                             /* 6 */
    "training:",                                                         /* 7 */
    "  epochs: 3",                                                       /* 8 */
    "outputs:",                                                          /* 9 */
    "  - {name: model, format: safetensors, recipients: [me]}",          /* 10 */
    "limits: {expires: 2027-01-01T00:00:00Z}",                           /* 11 */
};
enum { LINES = sizeof lines / sizeof lines[0] };

static cof_buf job_text(size_t line, const char *replacement)
{
    cof_buf text = {.limit = 64 * 1024};
    for (size_t i = 0; i < LINES; i++) {
        const char *content = i + 1 == line ? replacement : lines[i];
        assert_ok(cof_buf_printf(&text, NULL, "%s%s", content, content[0] == '\0' ? "" : "\n"));
    }
    return text;
}

static void what_is_left_out_gets_its_default(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = job_text(0, "");
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(&text), &problems, NULL));
    assert_ok(cof_job_parse(cof_buf_view(&text), problems, &job, NULL));
    const cof_job_training *t = &job->training;
    assert_int_equal(t->epochs, 3);
    assert_int_equal(t->batch, 32);
    assert_int_equal(t->seed, 0);
    assert_true(t->validation == 0.2 && t->test == 0);
    assert_int_equal(t->optimizer.kind, COF_CONTRACT_ADAMW);
    assert_true(t->optimizer.learning_rate == 0.001 && t->optimizer.beta1 == 0.9 &&
                t->optimizer.beta2 == 0.999);
    assert_true(t->optimizer.epsilon == 1e-8 && t->optimizer.weight_decay == 0.01);
    assert_int_equal(t->class_weights, COF_CONTRACT_WEIGHTS_NONE);
    assert_true(t->standardize);
    assert_int_equal(t->checkpoint.every_epochs, 1);
    assert_int_equal(t->stop.metric, COF_CONTRACT_STOP_NONE);
    assert_int_equal(t->threads, 0);
    assert_int_equal(t->kernel, COF_CONTRACT_KERNEL_ANY);
    assert_int_equal(job->task, -1);
    assert_int_equal(job->disclose, COF_CONTRACT_DISCLOSE_PROGRESS);
    assert_int_equal(job->limits.runs, 1);
    assert_int_equal(job->limits.memory, 256 << 20);
    assert_int_equal(job->limits.wall_time, 3600);
    assert_int_equal(job->accept.items[0].accept.measurement_count, 0);
    assert_int_equal(job->inputs.items[0].use, COF_CONTRACT_TRAIN);
    assert_null(job->inputs.items[0].schema);
}

static void a_whole_job_is_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file("wdbc.job.yaml");
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(&text), &problems, NULL));
    assert_ok(cof_job_parse(cof_buf_view(&text), problems, &job, NULL));
    assert_string_equal(job->inputs.items[0].target, "diagnosis");
    assert_string_equal(job->inputs.items[0].schema, "wdbc.schema.yaml");
    assert_null(job->inputs.items[1].target);
    assert_int_equal(job->inputs.items[1].target_index, 2);
    assert_int_equal(job->model.hidden.count, 2);
    assert_int_equal(job->training.stop.metric, COF_CONTRACT_STOP_LOSS);
    assert_int_equal(job->training.stop.patience, 5);
    assert_int_equal(job->outputs.items[0].recipients.count, 2);
    assert_string_equal(job->outputs.items[0].recipients.nodes[1]->text, "hospital-b");
    assert_int_equal(job->limits.expires, 1798761600);
}

typedef struct bad {
    size_t line;
    const char *replacement;
    const char *printed; /* all problems, without the lines of the source */
} bad;

/* Problems only: lines of the source begin with spaces. */
static void drop_source(char *text)
{
    char *to = text;
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        const size_t size = end == NULL ? strlen(line) : (size_t)(end - line) + 1;
        if (line[0] != ' ') {
            memmove(to, line, size);
            to += size;
        }
        line += size;
    }
    *to = '\0';
}

static void expect_problems(const char *name, const cof_buf *text, const char *expected)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 256 * 1024};
    cof_err err = {0};
    uint8_t *end = NULL;
    assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(text), &problems, NULL));
    const cof_status status = cof_job_parse(cof_buf_view(text), problems, &job, &err);
    assert_ok(cof_diagnostics_print(problems, &out, NULL));
    assert_ok(cof_buf_extend(&out, 1, &end, NULL));
    *end = '\0';
    drop_source((char *)out.data);
    if (strcmp((const char *)out.data, expected) != 0) {
        fail_msg("%s\nexpected:\n%sgot:\n%s", name, expected, (const char *)out.data);
    }
    assert_int_equal(status, COF_E_CONTRACT_INVALID);
    assert_int_equal(err.status, COF_E_CONTRACT_INVALID);
    assert_null(job);
}

static void expect_each(const bad *bads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = job_text(bads[i].line, bads[i].replacement);
        expect_problems(bads[i].replacement, &text, bads[i].printed);
    }
}

#define EACH(bads) expect_each(bads, sizeof(bads) / sizeof(bads)[0])

static void a_misspelt_key_is_named_with_the_right_one(void **state)
{
    (void)state;
    static const bad bads[] = {
        {8, "  epoch: 3",
         "job.yaml:8:3: unknown key \"epoch\" in training; did you mean \"epochs\"?\n"
         "job.yaml:8:3: missing key \"epochs\" in training\n"},
        {2, "pupose: a test",
         "job.yaml:1:1: missing key \"purpose\" in the job\n"
         "job.yaml:2:1: unknown key \"pupose\" in the job; did you mean \"purpose\"?\n"},
        {8, "  epochs: 3\n  opitmizer: {kind: sgd}",
         "job.yaml:9:3: unknown key \"opitmizer\" in training; did you mean \"optimizer\"?\n"},
        {8, "  epochs: 3\n  optimizer: {kind: sgd, lr: 1}",
         "job.yaml:9:26: unknown key \"lr\" in optimizer; the keys are kind, learning_rate, "
         "weight_decay, momentum\n"},
        {8, "  epochs: 3\n  optimizer: {kind: sgd, beta1: 0.5}",
         "job.yaml:9:26: unknown key \"beta1\" in optimizer; the keys are kind, learning_rate, "
         "weight_decay, "
         "momentum\n"},
        {5, "  - {name: cells, owner: me, data: a.csv, format: csv, target: y, shema: s.yaml}",
         "job.yaml:5:67: unknown key \"shema\" in an input; did you mean \"schema\"?\n"},
        {6, "model: {kind: linear, hidden: [3]}",
         "job.yaml:6:23: unknown key \"hidden\" in model; the keys are kind\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, walltime: 1h}",
         "job.yaml:11:41: unknown key \"walltime\" in limits; did you mean \"wall_time\"?\n"},
    };
    EACH(bads);
}

static void a_missing_key_is_named(void **state)
{
    (void)state;
    static const bad bads[] = {
        {1, "", "job.yaml:1:1: missing key \"name\" in the job\n"},
        {11, "", "job.yaml:1:1: missing key \"limits\" in the job\n"},
        {3, "platform: {}", "job.yaml:3:11: missing key \"accept\" in platform\n"},
        {5, "  - {name: cells, owner: me, data: a.csv, format: csv}",
         "job.yaml:5:5: missing key \"target\" in an input\n"},
        {5, "  - {name: cells, owner: me, data: a.csv}",
         "job.yaml:5:5: missing key \"format\" in an input; choose csv, idx\n"},
        {5, "  - {name: cells, owner: me, data: a.idx, format: idx}",
         "job.yaml:5:5: missing key \"labels\" in an input\n"},
        {6, "model: {kind: mlp}", "job.yaml:6:8: missing key \"hidden\" in model\n"},
        {6, "model: {hidden: [3]}",
         "job.yaml:6:8: missing key \"kind\" in model; choose linear, mlp\n"},
        {8, "  epochs: 3\n  stop: {metric: loss}",
         "job.yaml:9:9: missing key \"patience\" in stop\n"},
        {10, "  - {name: model, format: safetensors}",
         "job.yaml:10:5: missing key \"recipients\" in an output\n"},
    };
    EACH(bads);
}

static void an_input_is_here_or_sealed_elsewhere_and_then_described(void **state)
{
    (void)state;
    static const bad bads[] = {
        {5, "  - {name: cells, owner: me, format: csv, target: y}",
         "job.yaml:5:5: missing key \"data\" in an input; or \"sealed\", for what its owner has "
         "sealed already\n"},
        {5, "  - {name: cells, owner: me, data: a, sealed: b, schema: s, format: csv, target: y}",
         "job.yaml:5:47: an input has either \"data\" or \"sealed\"; remove one\n"},
        {5, "  - {name: cells, owner: me, sealed: b, format: csv, target: y}",
         "job.yaml:5:5: missing key \"schema\" in a sealed input; what is sealed cannot be looked "
         "at: its owner has to say\n"},
        {5, "  - {name: cells, owner: me, sealed: b, format: idx, classes: 3}",
         "job.yaml:5:5: missing key \"sealed_labels\" in an input\n"},
        {5, "  - {name: cells, owner: me, sealed: b, format: idx, sealed_labels: c}",
         "job.yaml:5:5: missing key \"classes\" in a sealed input; what is sealed cannot be looked "
         "at: its owner has to say\n"},
        {5,
         "  - {name: cells, owner: me, sealed: b, format: idx, sealed_labels: c, labels: d, "
         "classes: 3}",
         "job.yaml:5:5: \"labels\" goes with \"data\", \"sealed_labels\" with \"sealed\"\n"},
        {5, "  - {name: cells, owner: me, data: b, format: idx, labels: c, sealed_labels: d}",
         "job.yaml:5:5: \"labels\" goes with \"data\", \"sealed_labels\" with \"sealed\"\n"},
    };
    EACH(bads);
}

static void a_sealed_input_is_read(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "  - {name: cells, owner: me, sealed: b.json, format: csv, target: y, schema: s.yaml}",
        "  - {name: cells, owner: me, sealed: b.json, format: idx, sealed_labels: l, classes: 3}",
    };
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = job_text(5, inputs[i]);
        COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
        COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
        assert_ok(cof_diagnostics_new("job.yaml", cof_buf_view(&text), &problems, NULL));
        assert_ok(cof_job_parse(cof_buf_view(&text), problems, &job, NULL));
        assert_string_equal(job->inputs.items[0].sealed, "b.json");
        assert_null(job->inputs.items[0].data);
    }
}

static void a_value_of_the_wrong_type_is_named(void **state)
{
    (void)state;
    static const bad bads[] = {
        {1, "name: [a]", "job.yaml:1:7: \"name\" must be a text, not a list\n"},
        {1, "name:", "job.yaml:1:6: \"name\" has no value, and must be a text\n"},
        {1, "name: ~", "job.yaml:1:7: \"name\" has no value, and must be a text\n"},
        {1, "name: Not Good",
         "job.yaml:1:7: \"name\" must be a name, not \"Not Good\"; use a-z, 0-9 and -, at most 63 "
         "characters\n"},
        {2, "purpose: \"\"", "job.yaml:2:10: \"purpose\" must be a text, not the text \"\"\n"},
        {2, "purpose: \"a\\nb\"",
         "job.yaml:2:10: \"purpose\" is too long or has control characters; write 1 to 200 "
         "characters in one line\n"},
        {3, "platform: simulated",
         "job.yaml:3:11: \"platform\" must be a map, not \"simulated\"; write it as {key: "
         "value}\n"},
        {3, "platform: {accept: simulated}",
         "job.yaml:3:20: \"accept\" must be a list, not \"simulated\"; write it as [a, b]\n"},
        {4, "inputs: {name: x}\nmore:",
         "job.yaml:4:9: \"inputs\" must be a list, not a map; write it as [a, b]\n"
         "job.yaml:5:1: unknown key \"more\" in the job; did you mean \"model\"?\n"},
        {5, "  - cells.csv",
         "job.yaml:5:5: this item must be a map, not \"cells.csv\"; write it as {key: value}\n"},
        {8, "  epochs: many",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"many\"\n"},
        {8, "  epochs: \"3\"",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not the text \"3\"; "
         "remove the quotes\n"},
        {8, "  epochs: 3.5",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"3.5\"\n"},
        {8, "  epochs: 010",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"010\"; remove the "
         "leading zero\n"},
        {8, "  epochs: 0x10",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"0x10\"\n"},
        {8, "  epochs: 1_000",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"1_000\"\n"},
        {8, "  epochs:",
         "job.yaml:8:10: \"epochs\" has no value, and must be an integer from 1 to 100000\n"},
        {8, "  epochs: 3\n  standardize: yes",
         "job.yaml:9:16: \"standardize\" must be true or false, not \"yes\"; write true\n"},
        {8, "  epochs: 3\n  standardize: off",
         "job.yaml:9:16: \"standardize\" must be true or false, not \"off\"; write false\n"},
        {8, "  epochs: 3\n  standardize: \"true\"",
         "job.yaml:9:16: \"standardize\" must be true or false, not the text \"true\"; remove the "
         "quotes\n"},
        {8, "  epochs: 3\n  validation: .2",
         "job.yaml:9:15: \"validation\" must be a number from 0 to 0.9, not \".2\"\n"},
        {8, "  epochs: 3\n  validation: .inf",
         "job.yaml:9:15: \"validation\" must be a number from 0 to 0.9, not \".inf\"\n"},
        {11, "limits: {expires: tomorrow}",
         "job.yaml:11:19: \"expires\" must be a time, not \"tomorrow\"; write it as "
         "2027-01-01T00:00:00Z\n"},
        {11, "limits: {expires: 2027-02-29T00:00:00Z}",
         "job.yaml:11:19: \"expires\" must be a time, not \"2027-02-29T00:00:00Z\"; write it as "
         "2027-01-01T00:00:00Z\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, memory: 256}",
         "job.yaml:11:49: \"memory\" must be a size, not \"256\"; write it as 256MiB; units are "
         "KiB, MiB, GiB\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, memory: 256MB}",
         "job.yaml:11:49: \"memory\" must be a size, not \"256MB\"; write it as 256MiB; units are "
         "KiB, MiB, GiB\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, wall_time: 1 hour}",
         "job.yaml:11:52: \"wall_time\" must be a duration, not \"1 hour\"; write it as 1h; units "
         "are s, m, h, d\n"},
    };
    EACH(bads);
}

static void a_choice_that_does_not_exist_is_named_with_a_near_one(void **state)
{
    (void)state;
    static const bad bads[] = {
        {3, "platform: {accept: [simulatd]}",
         "job.yaml:3:21: this item cannot be \"simulatd\"; did you mean \"simulated\"?\n"},
        {3, "platform: {accept: [nitro]}",
         "job.yaml:3:21: this item cannot be \"nitro\"; choose simulated, sgx, tdx, sev-snp, "
         "azure-cvm\n"},
        {5, "  - {name: cells, owner: me, data: a.csv, format: cvs, target: y}",
         "job.yaml:5:51: \"format\" cannot be \"cvs\"; did you mean \"csv\"?\n"},
        {6, "model: {kind: mpl}",
         "job.yaml:6:15: \"kind\" cannot be \"mpl\"; did you mean \"mlp\"?\n"},
        {6, "model: {kind: forest}",
         "job.yaml:6:15: \"kind\" cannot be \"forest\"; choose linear, mlp\n"},
        {6, "model: {kind: mlp, hidden: [3], activation: relo}",
         "job.yaml:6:45: \"activation\" cannot be \"relo\"; did you mean \"relu\"?\n"},
        {8, "  epochs: 3\n  optimizer: {kind: adam}",
         "job.yaml:9:21: \"kind\" cannot be \"adam\"; did you mean \"adamw\"?\n"},
        {8, "  epochs: 3\n  stop: {metric: none, patience: 1}",
         "job.yaml:9:18: \"metric\" cannot be \"none\"; choose loss, accuracy, auc\n"},
        {8, "  epochs: 3\ndisclose: [progress, lost]",
         "job.yaml:9:22: this item cannot be \"lost\"; did you mean \"loss\"?\n"},
        {8, "  epochs: 3\n  precision: bf16",
         "job.yaml:9:14: \"precision\" cannot be \"bf16\"; choose f32\n"},
        {10, "  - {name: model, format: onnx, recipients: [me]}",
         "job.yaml:10:27: \"format\" cannot be \"onnx\"; choose safetensors, json\n"},
    };
    EACH(bads);
}

static void a_value_out_of_range_is_named_with_the_range(void **state)
{
    (void)state;
    static const bad bads[] = {
        {8, "  epochs: 0",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"0\"\n"},
        {8, "  epochs: -1",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not \"-1\"\n"},
        {8, "  epochs: 99999999999999999999",
         "job.yaml:8:11: \"epochs\" must be an integer from 1 to 100000, not "
         "\"99999999999999999999\"\n"},
        {8, "  epochs: 3\n  seed: 9007199254740992",
         "job.yaml:9:9: \"seed\" must be an integer from 0 to 9007199254740991, not "
         "\"9007199254740992\"\n"},
        {8, "  epochs: 3\n  optimizer: {kind: sgd, learning_rate: 0}",
         "job.yaml:9:41: \"learning_rate\" must be a number above 0, at most 100, not \"0\"\n"},
        {8, "  epochs: 3\n  optimizer: {kind: sgd, momentum: 1}",
         "job.yaml:9:36: \"momentum\" must be a number from 0 to below 1, not \"1\"\n"},
        {8, "  epochs: 3\n  optimizer: {kind: sgd, learning_rate: 1e999}",
         "job.yaml:9:41: \"learning_rate\" must be a number above 0, at most 100, not \"1e999\"\n"},
        {8, "  epochs: 3\n  threads: 65",
         "job.yaml:9:12: \"threads\" must be an integer from 1 to 64, not \"65\"\n"},
        {6, "model: {kind: mlp, hidden: []}",
         "job.yaml:6:28: the list of hidden layers has 0 items, and must have 1 to 32\n"},
        {6, "model: {kind: mlp, hidden: [64, 0]}",
         "job.yaml:6:33: this item must be an integer from 1 to 65536, not \"0\"\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, memory: 9999GiB}",
         "job.yaml:11:49: \"memory\" is out of range: 9999GiB\n"},
        {11, "limits: {expires: 2027-01-01T00:00:00Z, wall_time: 400d}",
         "job.yaml:11:52: \"wall_time\" is out of range: 400d\n"},
        {3, "platform: {accept: []}",
         "job.yaml:3:20: the list of accepted platforms has 0 items, and must have 1 to 5\n"},
        {3, "platform: {accept: [{type: tdx, measurements: [abc]}]}",
         "job.yaml:3:48: a measurement is 96 lower-case hex digits\n"},
        {3, "platform: {accept: [{type: tdx, rtmrs: {4: abc}}]}",
         "job.yaml:3:44: there is no such register; they are 0 to 3\n"},
        {3, "platform: {accept: [azure-cvm]}",
         "job.yaml:3:21: an Azure VM is known by its PCRs alone: they must be given; write {type: "
         "azure-cvm, measurements: [...], pcrs: {...}}\n"},
        {3, "platform: {accept: [{type: sgx, tcb: azur}]}",
         "job.yaml:3:38: this is not a TCB policy; did you mean \"azure\"?\n"},
        {3, "platform: {accept: [{type: sgx, tcb: {statuses: [Revoked]}}]}",
         "job.yaml:3:50: a revoked TCB is never accepted; remove it\n"},
        {3, "platform: {accept: [{type: sgx, product: 3}]}",
         "job.yaml:3:21: product and minimum_svn go with a signer; write signer, product and "
         "minimum_svn together\n"},
        {3, "platform: {accept: [{type: sgx, measurements: [abc]}]}",
         "job.yaml:3:48: a measurement is 64 lower-case hex digits; coffer contract explain shows "
         "that of the installed worker\n"},
    };
    EACH(bads);
}

static void what_is_said_twice_is_named(void **state)
{
    (void)state;
    static const bad bads[] = {
        {2, "purpose: a test\nname: again",
         "job.yaml:3:1: duplicate key \"name\"; the first is in line 1\n"},
        {3, "platform: {accept: [simulated, simulated]}",
         "job.yaml:3:32: this platform is listed twice; put all its measurements into one\n"},
        {8, "  epochs: 3\ndisclose: [loss, loss]",
         "job.yaml:9:18: \"loss\" is listed twice; remove one\n"},
        {10, "  - {name: model, format: safetensors, recipients: [me, me]}",
         "job.yaml:10:57: \"me\" is listed twice; remove one\n"},
        {10,
         "  - {name: model, format: json, recipients: [me]}\n  - {name: model, format: json, "
         "recipients: [me]}",
         "job.yaml:11:12: there is another output \"model\"; give each output its own name\n"
         "job.yaml:11:27: there is another output of this format; put all recipients into one\n"},
        {5,
         "  - {name: c, owner: me, data: a, format: csv, target: y}\n"
         "  - {name: c, owner: me, data: b, format: csv, target: y}",
         "job.yaml:6:12: there is another input \"c\"; give each input its own name\n"},
    };
    EACH(bads);
}

static void keys_that_contradict_each_other_are_named(void **state)
{
    (void)state;
    static const bad bads[] = {
        {8, "  epochs: 3\n  validation: 0.5\n  test: 0.5",
         "job.yaml:8:3: validation and test leave no rows to train on; make them smaller\n"},
        {8, "  epochs: 3\n  validation: 0\n  stop: {metric: loss, patience: 3}",
         "job.yaml:10:9: \"stop\" watches the validation rows, and there are none; set validation "
         "above 0\n"},
        {5, "  - {name: cells, owner: me, data: a.csv, format: csv, target: y, use: test}",
         "job.yaml:5:3: there is no input to train on; give one \"use: train\"\n"},
        {5,
         "  - {name: a, owner: me, data: a, format: csv, target: y}\n"
         "  - {name: b, owner: me, data: b, labels: c, format: idx}",
         "job.yaml:6:5: all inputs must have the same format\n"},
    };
    EACH(bads);
}

static void every_problem_of_a_file_is_reported_in_order(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    assert_ok(cof_buf_append_text(&text,
                                  "nam: x\n"
                                  "purpose: [1]\n"
                                  "platform: {accept: [nitro]}\n"
                                  "inputs: []\n"
                                  "model: {kind: mlp, hidden: [0]}\n"
                                  "training: {epochs: 010, standardize: no}\n"
                                  "outputs: 3\n"
                                  "limits: {expires: now}\n",
                                  NULL));
    expect_problems(
        "many", &text,
        "job.yaml:1:1: unknown key \"nam\" in the job; did you mean \"name\"?\n"
        "job.yaml:1:1: missing key \"name\" in the job\n"
        "job.yaml:2:10: \"purpose\" must be a text, not a list\n"
        "job.yaml:3:21: this item cannot be \"nitro\"; choose simulated, sgx, tdx, sev-snp, "
        "azure-cvm\n"
        "job.yaml:4:9: the list of inputs has 0 items, and must have 1 to 16\n"
        "job.yaml:5:29: this item must be an integer from 1 to 65536, not \"0\"\n"
        "job.yaml:6:20: \"epochs\" must be an integer from 1 to 100000, not \"010\"; remove the "
        "leading "
        "zero\n"
        "job.yaml:6:38: \"standardize\" must be true or false, not \"no\"; write false\n"
        "job.yaml:7:10: \"outputs\" must be a list, not \"3\"; write it as [a, b]\n"
        "job.yaml:8:19: \"expires\" must be a time, not \"now\"; write it as "
        "2027-01-01T00:00:00Z\n");
}

static void a_file_that_is_no_job_is_refused(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "job.yaml:1:1: there is nothing in the file\n"},
        {"just text\n",
         "job.yaml:1:1: this item must be a map, not \"just text\"; write it as {key: value}\n"},
        {"- a\n", "job.yaml:1:1: this item must be a map, not a list; write it as {key: value}\n"},
        {"\tname: x\n", "job.yaml:1:1: a tab cannot stand here; indent with spaces\n"},
        {"PK\x03\x04",
         "job.yaml:1:3: this is not a text file: control characters are not allowed; save it as "
         "UTF-8 text\n"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 256};
        assert_ok(cof_buf_append_text(&text, texts[i][0], NULL));
        expect_problems(texts[i][0], &text, texts[i][1]);
    }
}

static void numbers_and_units_have_one_way_to_be_written(void **state)
{
    (void)state;
    int64_t value = 0;
    double number = 0;
    assert_true(cof_scalar_integer("-12", &value) && value == -12);
    assert_true(cof_scalar_integer("0", &value) && value == 0);
    assert_false(cof_scalar_integer("", &value) || cof_scalar_integer("-", &value) ||
                 cof_scalar_integer("+1", &value));
    assert_false(cof_scalar_integer("00", &value) || cof_scalar_integer("1 ", &value));
    assert_true(cof_scalar_number("1e-3", &number) && number == 0.001);
    assert_false(cof_scalar_number("nan", &number) || cof_scalar_number("1.", &number) ||
                 cof_scalar_number("+1", &number) || cof_scalar_number("", &number));
    assert_true(cof_scalar_size("2GiB", &value) && value == (int64_t)2 << 30);
    assert_false(cof_scalar_size("2 GiB", &value) ||
                 cof_scalar_size("999999999999999999GiB", &value));
    assert_true(cof_scalar_duration("90m", &value) && value == 5400);
    assert_false(cof_scalar_duration("1h30m", &value) || cof_scalar_duration("1w", &value));
}

static void times_are_those_of_the_calendar(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(cof_scalar_time("1970-01-01T00:00:00Z", &value) && value == 0);
    assert_true(cof_scalar_time("2000-02-29T12:34:56Z", &value) && value == 951827696);
    assert_true(cof_scalar_time("2038-01-19T03:14:08Z", &value) && value == 2147483648);
    assert_true(cof_scalar_time("2026-12-31T19:30:00-04:30", &value) && value == 1798761600);
    assert_true(cof_scalar_time("9999-12-31T23:59:59Z", &value) && value == 253402300799);
    static const char *const bad_times[] = {
        "2027-01-01",           "2027-01-01T00:00:00",  "2027-13-01T00:00:00Z",
        "2100-02-29T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:00:60Z",
        "2027-01-01 00:00:00Z", "1969-12-31T23:59:59Z", "2027-01-01T00:00:00.5Z"};
    for (size_t i = 0; i < sizeof bad_times / sizeof bad_times[0]; i++) {
        assert_false(cof_scalar_time(bad_times[i], &value));
    }
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_gets_its_default),
        cmocka_unit_test(a_whole_job_is_read),
        cmocka_unit_test(a_misspelt_key_is_named_with_the_right_one),
        cmocka_unit_test(a_missing_key_is_named),
        cmocka_unit_test(an_input_is_here_or_sealed_elsewhere_and_then_described),
        cmocka_unit_test(a_sealed_input_is_read),
        cmocka_unit_test(a_value_of_the_wrong_type_is_named),
        cmocka_unit_test(a_choice_that_does_not_exist_is_named_with_a_near_one),
        cmocka_unit_test(a_value_out_of_range_is_named_with_the_range),
        cmocka_unit_test(what_is_said_twice_is_named),
        cmocka_unit_test(keys_that_contradict_each_other_are_named),
        cmocka_unit_test(every_problem_of_a_file_is_reported_in_order),
        cmocka_unit_test(a_file_that_is_no_job_is_refused),
        cmocka_unit_test(numbers_and_units_have_one_way_to_be_written),
        cmocka_unit_test(times_are_those_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
